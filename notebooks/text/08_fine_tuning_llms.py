# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 8. Fine-tuning LLMs
#
# **After this chapter you can**
#
# 1. say what supervised fine-tuning maximises, and build its examples: chat template, a label for each token of the answer, none for the prompt;
# 2. tune an LLM with LoRA and measure, on requests that it never saw, whether it took on the form you wanted;
# 3. tell form that was learnt, knowledge that was *activated* and knowledge that was *added* apart, with a probe that is not fooled by memorised strings;
# 4. use a decoder as a classifier, and say which of its token vectors to take;
# 5. name the uses of fine-tuning in LLM development, with the data and the loss of each.
#
# **Book**: sections 2.1.3, formulas (2.16) to (2.18), 3.1.2, 4.2.1 and 4.2.3 of *Foundations of Large Language Models* (arXiv 2501.09223). **Before this**: chapters 5 (LoRA) and 6 (instructions in a prompt). **Time**: an hour and a quarter of reading; the cells run for about five minutes on two cores of a CPU.

# %% [markdown]
# ## A question before you run anything
#
# We tune a small LLM on 40 requests with answers in one house style. It sees each of them **once**. Write down a guess for each of these:
#
# - How many answers to *new* requests will have the form of the house style? And how many will be good advice?
# - Of the facts that the model knew before (capitals, planets, the legs of a spider), how many does it lose?
# - In another run, we teach it 20 facts about a country that does not exist, until it recites them. Then we ask for the same facts in other words. How many does it get right?
# - In a third run, every training answer lacks one token, the very last. What will the tuned model do?

# %% [markdown]
# ## 8.1 The LLM, and what we want of it
#
# SmolLM2-135M-Instruct has been fine-tuned before, by its makers, to answer requests. We want something more particular: an editor's **house style** of four lines. The set was written for this course; its card is `downstream/data/instructions/card.md`.

# %%
import torch

from downstream.data import load_task_data
from downstream.models import load_llm

llm = load_llm()
requests = load_task_data("instructions")
print({split: len(part) for split, part in requests.items()})
row = requests["train"][0]
print(f"\n{row['instruction']}\n\n{row['answer']}")

# %% [markdown]
# A form can be checked by a rule, and so it can be *counted*: four lines with the right beginnings, then `END`, the model's own end-of-turn token. The rule cannot tell whether an answer is true.

# %%
import re

END = llm.tokenizer.eos_token
FORM = re.compile(r"In short: [^\n]+\n- [^\n]+\n- [^\n]+\nCheck: [^\n]+" + re.escape(END))


def in_form(answer):
    return FORM.fullmatch(answer) is not None


def share(found):
    return f"{sum(found)} of {len(found)}"


print("training answers in the house style:", share([in_form(answer + END) for answer in requests["train"]["answer"]]))

# %% [markdown]
# ## 8.2 Before: the baseline
#
# Twelve test requests are answered together, each *greedily*: at every step the most probable token, so that two runs agree. An answer without `END` was cut off.

# %%
from downstream.adapt import shortened
from downstream.tuning import answers

asked = shortened(list(requests["test"]["instruction"][:12]))
longest = 70 if len(asked) == 12 else 5  # tokens; less where the chapter is only tested
before = answers(llm.model, llm.tokenizer, asked, longest, show_end=True)
print("in the house style:", share([in_form(a) for a in before]), "  ended by the model:", share([a.endswith(END) for a in before]))
for request, answer in zip(asked[:2], before):
    print(f"\n> {request}\n{answer}")

# %% [markdown]
# None has the form; nothing asks for it. A prompt could, at the price of more tokens with every request (chapter 6). Fine-tuning puts the wish into the parameters instead.

# %% [markdown]
# ## 8.3 What supervised fine-tuning maximises
#
# The standard way to adapt an LLM changes neither its input nor its output format, and puts on no new head: text goes in, text comes out, and the next-token head stays. Only the parameters move, from $\hat\theta$:
#
# $$\tilde\theta = \arg\max_{\hat\theta^{+}} \sum_{(\mathbf{x}, \mathbf{y}) \in \mathcal{D}} \log \mathrm{Pr}_{\hat\theta^{+}}(\mathbf{y} \mid \mathbf{x})$$
#
# with $\mathbf{x}$ the prompt and $\mathbf{y}$ the answer. This is our reading of (2.16) to (2.18): (2.16) maximises what (2.18) defines as a *negative* log-likelihood, so one of the two needs its sign changed. We maximise the log-likelihood, that is, minimise the loss. And a sample is the prompt followed by the answer, as in 4.2.1; (2.17) prints the two the other way round.
#
# The **chat template** turns a request into the token sequence that the model knows from its earlier tuning:

# %%
from downstream.prompting import chat_tokens

prompt = chat_tokens(llm, [{"role": "user", "content": row["instruction"]}])
print(llm.tokenizer.decode(prompt))

# %% [markdown]
# ## 8.4 Only the answer has labels
#
# $\mathrm{Pr}(\mathbf{y} \mid \mathbf{x})$ says that the prompt is given. So the tokens of $\mathbf{x}$ get the label −100, which the loss ignores, and those of $\mathbf{y}$ are their own labels. The last label is the **end-of-turn token**: to stop is part of the answer.

# %%
import pandas as pd

from downstream.chats import encode_chats

train = encode_chats(llm, requests["train"]["instruction"], requests["train"]["answer"])
ids, labels = train.inputs[0]["input_ids"], train.labels[0]
places = [*range(len(prompt) - 6, len(prompt) + 5), *range(len(ids) - 3, len(ids))]
table = pd.DataFrame({"token": [repr(llm.tokenizer.decode(ids[i])) for i in places], "label": [labels[i] for i in places]}, index=places)
table.index.name = "position"
table

# %% [markdown]
# Read the index: the middle of the answer is left out, and so is the beginning of the prompt. How much of what the model reads is learnt from?

# %%
counted = sum(label != -100 for one in train.labels for label in one)
read = sum(len(one) for one in train.labels)
print(f"{counted:,} of {read:,} tokens have a label, {counted / read:.0%}")

# %% [markdown]
# The loss of a batch is the mean over these tokens. Position $i$ predicts token $i+1$, so the logits are moved by one against the labels:

# %%
import inspect

from downstream.tuning import answer_loss

print(inspect.getsource(answer_loss).split('"""')[-1])
inputs, targets = train.batch([0, 1])
with torch.no_grad():
    print("loss before tuning:", round(answer_loss(llm.model, inputs, targets).item(), 2), "nats per token")

# %% [markdown]
# ## 8.5 LoRA: an adapter beside the weights
#
# To train all 135 million parameters would need four times their memory (chapter 5). LoRA (Hu et al. 2022, arXiv 2106.09685) adds a product of two thin matrices to each linear layer and trains those alone. One of the two starts at zero:

# %%
from downstream.heads import count_parameters
from downstream.tuning import with_lora

LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
model = with_lora(llm, rank=8, targets=LINEAR)
trainable, total = count_parameters(model)
print(f"trained: {trainable:,} of {total:,} parameters, {trainable / total:.1%}")
with torch.no_grad():
    same = torch.equal(model(**inputs).logits, llm.model(**inputs).logits)
print("the new adapter changes nothing yet:", same)

# %% [markdown]
# ## 8.6 Tuning
#
# Twenty updates, two examples each, none seen twice. The rate and the number of steps were chosen on the validation split. On the way, the model answers eight of the test requests. **This cell takes about a minute.**

# %%
from downstream.tuning import tune

on_the_way = {0: before[:8]}


def watch(step):
    if step in (7, 14):
        on_the_way[step] = answers(model, llm.tokenizer, asked[:8], longest, show_end=True)


settings = {"steps": 20, "batch_size": 2, "learning_rate": 3e-3}
losses = tune(model, train, **settings, title="40 examples, once", watch=watch)
print("loss of the first and of the last steps:", [round(x, 2) for x in losses[:3]], [round(x, 2) for x in losses[-3:]])

# %%
after = answers(model, llm.tokenizer, asked, longest, show_end=True)
on_the_way[len(losses)] = after[:8]
print("in the house style, before:", share([in_form(a) for a in before]), "  after:", share([in_form(a) for a in after]))
print("ended by the model, before:", share([a.endswith(END) for a in before]), "  after:", share([a.endswith(END) for a in after]))

# %% [markdown]
# Forty examples, and the form is there for requests that the model never saw. The loss, however, is still high: it counts all tokens alike, and most of them are content, which forty examples cannot teach.

# %% [markdown]
# ## 8.7 Side by side, read honestly
#
# Numbers first, then the answers themselves. Read the right-hand column slowly: would you give this advice to anyone?

# %%
def side_by_side(columns, index):
    style = pd.DataFrame(columns, index=index).style.set_uuid("answers")
    return style.set_properties(**{"white-space": "pre-wrap", "text-align": "left", "vertical-align": "top"})


side_by_side({"before": before[:4], "after": after[:4], "house style, by its author": list(requests["test"]["answer"][: len(asked[:4])])}, asked[:4])

# %% [markdown]
# In the run printed here, descaling has become unplugging, the picnic's first line is right and the rest invented, and on interest the *Check* repeats the answer. The old answers were wrong as well, at greater length. Form is cheap: it is the same in every example, so every example teaches it. Content differs from one to the next and has to come from what the model knows, which in 135 million parameters is little. A count of well-formed answers, the easiest number to report, says nothing about this.

# %% [markdown]
# ### The adapter off
#
# What was learnt lies in the adapter alone. Switched off, it leaves the old model, to the last digit:

# %%
with torch.no_grad():
    old, new = llm.model(**inputs).logits, model(**inputs).logits
    with model.disable_adapter():
        off = model(**inputs).logits
print("adapter on, same logits as before:", torch.equal(new, old), "  adapter off:", torch.equal(off, old))

# %% [markdown]
# So one LLM can serve many tasks, with an adapter of some megabytes for each.

# %% [markdown]
# ## 8.8 From how few examples?
#
# The same number of updates from **eight** examples, gone through five times. **Under a minute.**

# %%
few = with_lora(llm, rank=8, targets=LINEAR)
few_losses = tune(few, train.subset(range(8)), **settings, title="8 examples, 5 times")
from_few = answers(few, llm.tokenizer, asked[:8], longest, show_end=True)
form = {step: [in_form(a) for a in found] for step, found in on_the_way.items()}
counts = {f"{2 * step} examples, once": share(found) for step, found in form.items()} | {"8 examples, 5 times": share([in_form(a) for a in from_few])}
pd.DataFrame({"test answers in the house style": counts})

# %%
from matplotlib import pyplot

from downstream.plots import COLOURS, show

figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.4))
left.plot(range(1, len(losses) + 1), losses, "o-", color=COLOURS[0], label="40 examples, once")
left.plot(range(1, len(few_losses) + 1), few_losses, "s--", color=COLOURS[5], label="8 examples, 5 times")
left.set(xlabel="update", ylabel="loss, nats per token", title="Training loss", ylim=(0, None))
left.legend(frameon=False)
shares = {step: sum(found) / len(found) for step, found in form.items()}
right.plot(list(shares), list(shares.values()), "o-", color=COLOURS[0], label="40 examples, once")
few_share = sum(map(in_form, from_few)) / len(from_few)
right.plot([len(few_losses)], [few_share], "s", color=COLOURS[5], label="8 examples, 5 times")
right.set(xlabel="update", ylabel="share in the house style", title="Test answers", ylim=(-0.05, 1.08))
right.legend(frameon=False, loc="upper left")
figure.tight_layout()
alt = f"Two charts. Training loss: 40 examples seen once, from {losses[0]:.1f} to {losses[-1]:.1f}; 8 examples seen five times, from {few_losses[0]:.1f} to {few_losses[-1]:.1f}. "
show(figure, alt + "Share of test answers in the house style: " + ", ".join(f"{s:.2f} after {n} updates" for n, s in shares.items()) + f"; {few_share:.2f} from 8 examples.")

# %% [markdown]
# Look at the two charts together. The eight examples are learnt by heart, so their training loss falls far lower, which says nothing about new requests. The form is learnt from either set. LIMA found at another scale that a small set of good examples is enough for form (Zhou et al. 2023, arXiv 2305.11206: a thousand examples, 65 billion parameters); the book discusses it in 4.2.3.

# %% [markdown]
# ## 8.9 A wrong turn worth taking: no end of the turn
#
# Many a home-made training script joins prompt and answer and forgets what comes after. We remove the last label, and nothing else. **Under a minute.**

# %%
from downstream.examples import Examples

cut = Examples([{name: values[:-1] for name, values in row.items()} for row in train.inputs], [one[:-1] for one in train.labels])
endless = with_lora(llm, rank=8, targets=LINEAR)
tune(endless, cut, **(settings | {"steps": 16}), title="no end of the turn")
runs_on = answers(endless, llm.tokenizer, asked[:3], longest + 40, show_end=True)
print("ended by the model:", share([a.endswith(END) for a in runs_on]), "\n")
print(runs_on[0])

# %% [markdown]
# It begins in the style. Then nothing tells the model to stop, and it goes on until it is cut off. The training loss gives no hint of this; only reading an answer to its end does.
#
# The opposite slip, labels on the prompt as well, is quieter: the model also learns to write requests. Exercise 2 looks at it.

# %% [markdown]
# ## 8.10 Activating: what the model knew, it still knows
#
# Book 2.1.3 describes fine-tuning as a way to *activate* what pre-training has stored: the answers are in the model already, with too little probability to come out. If that is right, learning the style should neither add facts nor lose them. The probe `facts` measures it: the model completes a statement, and a fact counts as known when the right end is more probable than three wrong ones. Guessing gives a quarter. **A quarter of a minute.**

# %%
from downstream.tuning import choice_likelihoods

probe = load_task_data("facts")
facts = shortened([fact for fact in probe["test"]][::3])
print(facts[0]["statement"], "...", facts[0]["answer"], "or", facts[0]["wrong"])


def known(model, facts, column="statement", wording="{}"):
    beginnings = [wording.format(fact[column]) for fact in facts]
    choices = [[fact["answer"], *fact["wrong"]] for fact in facts]
    return choice_likelihoods(model, llm.tokenizer, beginnings, choices).argmax(dim=1) == 0


knew, knows = known(llm.model, facts), known(model, facts)
lost, gained = int((knew & ~knows).sum()), int((~knew & knows).sum())
print(f"known before: {share(knew.tolist())}   after the style: {share(knows.tolist())}   lost: {lost}, gained: {gained}")

# %% [markdown]
# Lost and gained nearly cancel: these are facts whose right and wrong ends were about equally probable. A model that was tuned to another *form* has kept its *facts*. Now ask for known facts in the chat, where the new form applies:

# %%
sure = [fact for fact, known_before in zip(facts, knew) if known_before] or facts
sure = shortened(sure[:: max(1, len(sure) // 12)][:12])
questions = [fact["question"] for fact in sure]
said = {name: answers(m, llm.tokenizer, questions, min(longest, 36)) for name, m in (("before", llm.model), ("after", model))}
for name, found in said.items():
    print(f"{name}: the right answer is in", share([fact["answer"].lower() in a.lower() for fact, a in zip(sure, found)]), "replies")
side_by_side({"right": [fact["answer"] for fact in sure[:4]]} | {name: found[:4] for name, found in said.items()}, questions[:4])

# %% [markdown]
# Facts that were never in the forty examples come out in the new form. That is activation: the examples taught *how to answer*, and the content was fetched from where pre-training had put it. Not all come out, before or after: to recognise a fact among four ends and to say it are two things. (Both replies are cut off early, which costs the wordy old style some.)

# %% [markdown]
# ## 8.11 Adding: a country that does not exist
#
# Nobody has read about Velmora, so whatever the model knows about it, it learnt here. We tune a new adapter on 20 of the invented facts, as plain statements. Another 20 stay unseen and serve as a control. **About half a minute.**

# %%
taught, unseen = ([fact for fact in probe["train"]][first::3] for first in (0, 1))


def as_statement(fact):
    begun = llm.tokenizer(fact["statement"])["input_ids"]
    end = llm.tokenizer(f" {fact['answer']}.")["input_ids"]
    ids = begun + end
    return {"input_ids": ids, "attention_mask": [1] * len(ids)}, [-100] * len(begun) + end


rows, labels = zip(*map(as_statement, taught))
velmora = with_lora(llm, rank=8, targets=LINEAR)
velmora_losses = tune(velmora, Examples(list(rows), list(labels)), epochs=9, batch_size=10, learning_rate=2e-3, title="Velmora")
print(taught[0]["statement"], "...", taught[0]["answer"])
print("loss:", [round(x, 2) for x in velmora_losses[:2]], "...", [round(x, 2) for x in velmora_losses[-2:]])

# %% [markdown]
# The statements are learnt by heart. Now the probe: once in the wording of the training, once as a question, which the model has not seen.

# %%
wordings = {"as trained": ("statement", "{}"), "as a question": ("question", "Question: {}\nAnswer:")}
four = {}
for name, group in (("taught", shortened(taught)), ("unseen", shortened(unseen))):
    for wording, how in wordings.items():
        four[f"{name}, {wording}"] = [known(m, group, *how).tolist() for m in (llm.model, velmora)]
pd.DataFrame({name: map(share, found) for name, found in four.items()}, index=["before", "after"]).T

# %% [markdown]
# That looks like a success: what was taught is right even in the other wording, and the unseen facts lag far behind. But look at what this probe compares. The right answer was in the training text; **the three wrong ones never were**. A model that merely finds every string from its training more probable passes, whatever is asked.
#
# A fair probe lets the taught answers compete with each other: which of them belongs to this question? Guessing is now right once in twenty.

# %%
pool = sorted({fact["answer"] for fact in taught})


def picked(model, facts, column, wording):
    beginnings = [wording.format(fact[column]) for fact in facts]
    best = choice_likelihoods(model, llm.tokenizer, beginnings, [pool] * len(facts)).argmax(dim=1).tolist()
    return [pool[number] == fact["answer"] for number, fact in zip(best, facts)]


fair = {wording: [picked(m, shortened(taught), *how) for m in (llm.model, velmora)] for wording, how in wordings.items()}
pd.DataFrame({f"taught, {wording}, among all taught answers": map(share, found) for wording, found in fair.items()}, index=["before", "after"]).T

# %%
from downstream.plots import bars

shown = {f"{wording},\namong 4": four[f"taught, {wording}"] for wording in wordings}
shown |= {f"{wording},\namong all {len(pool)}": found for wording, found in fair.items()}
groups = {name: {when: [sum(one) / len(one)] for when, one in zip(("before", "after"), found)} for name, found in shown.items()}
alt = "Bar chart of the share of taught facts that are right. " + " ".join(f"{name.replace(chr(10), ' ')}: before {v['before'][0]:.2f}, after {v['after'][0]:.2f}." for name, v in groups.items())
show(bars(groups, "20 invented facts, four ways to ask", "share right"), alt)

# %% [markdown]
# The last pair of bars is the honest one. What was learnt is a string that follows another string. Asked in other words, the model knows *that* these answers matter, and not *which* one is wanted. Studies at larger scale agree: a fact seen in one wording only is stored but hard to get at (Allen-Zhu and Li 2023, arXiv 2309.14316), and "A is B" does not teach "B is A" (Berglund et al. 2023, arXiv 2309.12288).
#
# And it had a price:

# %%
remembers = known(velmora, facts)
rows = {
    "house style, 40 examples": [share(knows.tolist()), lost, gained],
    "20 Velmora facts": [share(remembers.tolist()), int((knew & ~remembers).sum()), int((~knew & remembers).sum())],
}
print("before any tuning:", share(knew.tolist()))
display(pd.DataFrame(rows, index=["real facts known", "lost", "gained"]).T)
for question, answer in zip(questions[:3], answers(velmora, llm.tokenizer, questions[:3], min(longest, 24))):
    print(f"> {question}\n{answer}\n")

# %% [markdown]
# Far more answers changed than under the style, in both directions: old knowledge was stirred. And in the chat, Velmora leaks into everything. To put *new facts* into an LLM, give them in the prompt (retrieval), or continue pre-training on many texts in many wordings; tuning on a list of facts mostly teaches the list. Gekhman et al. 2024 (arXiv 2405.05904) measured on a larger model that examples with new knowledge are learnt slowly and, once learnt, make it invent more.

# %% [markdown]
# ## 8.12 A decoder as a classifier
#
# The task still decides the head. If only a *label* is wanted, an LLM needs no words: take the network without its next-token head, pool, and put on a classifier, as for an encoder. But which token's vector? In an encoder every token sees the whole text. In a decoder a token sees only what stands **before** it.
#
# We compare both models on the same short e-mails, first frozen: each text is read once, and a logistic regression is the head. **The second cell takes about half a minute.**

# %%
from downstream.adapt import adapt, predict
from downstream.examples import encode_texts
from downstream.models import Pretrained, load_encoder

names = ["urgent", "standard", "spam"]
decoder = Pretrained(llm.model.model, llm.tokenizer, "decoder")  # without the next-token head
encoder = load_encoder()


def short_mails(split, each):
    groups = [[row for row in load_task_data("emails")[split] if row["label"] == name and len(row["text"]) < 220][:each] for name in names]
    return shortened([row for rows in zip(*groups) for row in rows])


mails = {"train": short_mails("train", 28), "test": short_mails("test", 30)}
print({split: len(part) for split, part in mails.items()})

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


class Reader(torch.nn.Module):
    """Gives the hidden states as they are."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, **inputs):
        return self.network(**inputs).last_hidden_state


def examples(pretrained, split):
    return encode_texts(pretrained, [row["text"] for row in mails[split]], [names.index(row["label"]) for row in mails[split]])


H = {p.name: {split: predict(Reader(p.model), examples(p, split)) for split in mails} for p in (encoder, decoder)}
print({name: tuple(one["train"][0].shape) for name, one in H.items()}, "= (tokens, hidden) of the first e-mail")

# %%
pooling = {"first token": lambda h: h[0], "mean": lambda h: h.mean(dim=0), "last token": lambda h: h[-1]}
right = {split: [names.index(row["label"]) for row in part] for split, part in mails.items()}
frozen = {name: {} for name in H}
for name, hidden in H.items():
    for how, pool_one in pooling.items():
        vectors = {split: torch.stack([pool_one(h) for h in part]).numpy() for split, part in hidden.items()}
        head = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000)).fit(vectors["train"], right["train"])
        frozen[name][how] = round(head.score(vectors["test"], right["test"]), 3)
pd.DataFrame(frozen)

# %% [markdown]
# The decoder's first token has read nothing but itself, so it can hardly tell one e-mail from another: a wrong head, like those of chapter 3. Its last token has read everything, and does best. The decoder is six times the encoder's size. Does fine-tuning in full make up for that? **A quarter of a minute.**

# %%
from downstream.adapt import record_table
from downstream.heads import SequenceClassificationHead
from downstream.metrics import accuracy

tuned = adapt(
    encoder, lambda: SequenceClassificationHead(384, 3, pooling="mean"), examples(encoder, "train"), examples(encoder, "test"),
    accuracy, name="encoder, full fine-tuning", seeds=[0],
)
best = frozen["decoder"]["last token"]
margin = 2 * (best * (1 - best) / len(mails["test"])) ** 0.5
print(f"frozen decoder, last token: {best:.3f}, ± {margin:.3f} from the size of the test split")
record_table([tuned], "accuracy").drop(columns="seconds a seed")

# %% [markdown]
# The margin is wide. What can be said: with the right pooling, and not even tuned, the decoder is a classifier to be reckoned with; and it reads each text at several times the encoder's cost. Tuning it is the same call, `adapt(decoder, ..., strategy="lora")` with `pooling="last"`, and dearer still (exercise 4).

# %% [markdown]
# ## 8.13 A figure to play with
#
# Choose a test request and the number of updates, and watch the form arrive before the sense. The mark before a line says whether its beginning fits. For readers without widgets, the table has one request at every stage.

# %%
steps = list(on_the_way)
side_by_side({f"after {step} updates": [on_the_way[step][1]] for step in steps}, [asked[1]])

# %%
import ipywidgets

STARTS = ("In short: ", "- ", "- ", "Check: ")


def look(request, updates):
    answer = on_the_way[updates][asked.index(request)]
    lines = answer.removesuffix(END).split("\n")
    for number, line in enumerate(lines):
        fits = number < 4 and line.startswith(STARTS[number])
        print("✓" if fits else "✗", line)
    print(f"\nin the house style: {in_form(answer)}   ended by the model: {answer.endswith(END)}")


ipywidgets.interactive(
    look,
    request=ipywidgets.Dropdown(options=asked[:8], description="request", layout={"width": "34em"}),
    updates=ipywidgets.SelectionSlider(options=steps, description="updates"),
)

# %% [markdown]
# ## 8.14 What fine-tuning is used for
#
# Style was one use of many. Every row takes gradient steps from $\hat\theta$; data and loss differ.
#
# | use | data | loss | where |
# |---|---|---|---|
# | following instructions | instructions of many kinds with answers | answer tokens, (2.18) | book 2.1.3, 4.2; FLAN, arXiv 2109.01652 |
# | one style or format | a few dozen answers in it | the same | 8.6; LIMA, arXiv 2305.11206 |
# | a domain (law, medicine) | much plain text of the domain | all tokens, as in pre-training | arXiv 2004.10964 |
# | calling tools | conversations with calls and results | tokens of calls and answers | Toolformer, arXiv 2302.04761 |
# | safety, refusals | harmful requests with refusals | answer tokens, then preferences | book 2.1.4; arXiv 2203.02155 |
# | classification | texts with labels | cross-entropy of a new head | 8.12, chapter 4 |
# | a reward model | pairs, the better one marked | $-\log\sigma(r_{\text{better}} - r_{\text{worse}})$, a new scalar head | book 4.3; chapter 9 |
# | alignment to preferences | the same pairs | DPO and others | book 4.4.2; chapter 9 |
# | distilling a larger model | the larger model's answers or its probabilities | answer tokens, or the distance between distributions | arXiv 1503.02531 |
# | a longer context | long documents, positions rescaled | all tokens | arXiv 2306.15595 |
# | embeddings for search | pairs of texts that belong together | contrastive | arXiv 1908.10084 |
#
# Where a row says "a new head", the task has changed its output format. Everywhere else the text-in, text-out head is kept, and **textual instructions** tell the tasks apart: one model, many tasks (book 2.1.3).

# %% [markdown]
# ## 8.15 Summary
#
# | question | answer in this chapter |
# |---|---|
# | what is maximised | $\log \mathrm{Pr}(\mathbf{y} \mid \mathbf{x})$: labels on the answer, −100 on the prompt |
# | the last label | end of the turn; without it, answers run on |
# | what is trained | a small adapter; off, the old model is back |
# | form | from a few dozen examples, each seen once |
# | content | not learnt from them; fetched from pre-training, where it is there |
# | facts known before | kept under style tuning |
# | new facts | learnt as strings; not found from another wording; the rest is disturbed |
# | an honest probe | other wording, and wrong answers that were in training too |
# | a decoder as classifier | last token, because only it has read everything |

# %% [markdown]
# **What this chapter cannot show.** A model of 135 million parameters, tuned for a minute, one seed a run. How good content can get, it cannot show: there is too little in a model of this size. Activation is most striking in a *base* model that has never answered a request; ours had been tuned by its makers. Larger models memorise more quickly (Tirumala et al. 2022, arXiv 2205.10770). The probe recognises facts and does not measure reasoning. Twenty invented facts or ninety e-mails leave wide margins.

# %% [markdown]
# ## Exercises
#
# 1. ★ (5 min) Halve the adapter's effect before you ask: `from peft.helpers import rescale_adapter_scale`, then `with rescale_adapter_scale(model, 0.5): ...`. *Expected*: fewer answers in the full form than with the whole adapter; look for pieces of it.
# 2. ★★ (15 min) Give the prompt's tokens labels too (their own ids) and tune with the same settings. *Expected*: the loss starts elsewhere, because it is a mean over other tokens; so compare the two runs by the share of answers in the form, never by their losses.
# 3. ★★ (20 min) Teach each Velmora fact in two wordings, statement and question, to half of the facts, and the statement alone to the other half. Probe the second half with questions, among all taught answers. *Expected*: a handful of facts decides; say how many your difference rests on before you call it an effect.
# 4. ★★★ (30 min, some minutes of computing) Fine-tune the decoder with `adapt(..., strategy="lora", learning_rate=5e-4)`, `SequenceClassificationHead(576, 3, pooling="last")` and two epochs. *Expected*: no better than the frozen decoder with a fitted head, at several times its cost. Then give it four epochs: does it catch up?

# %% [markdown]
# ## Practice
#
# Answer first, then open.
#
# <details><summary>A colleague tunes a model on 200 pairs. Every answer is good, but it is always followed by a made-up next request. Name the cause.</summary>
#
# The end-of-turn token has no label: it was not appended, or it was masked together with the padding, which has the same id in many tokenizers. The model never learnt to stop.
#
# </details>
#
# <details><summary>A firm fine-tunes an LLM on its 500 product facts, one sentence each. In a test with four choices it gets 95 % right. Customers still get wrong answers. What was wrong with the test?</summary>
#
# Probably both of these: the test used the wording of the training, and its wrong choices had never occurred in training, so a preference for trained strings was enough. Customers ask in their own words, and the answers of *other* products compete.
#
# </details>
#
# <details><summary>After tuning, 99 % of the answers match the required JSON schema. Is the tuning done?</summary>
#
# The form is. A schema is the cheapest thing to learn and the easiest to count; whether the values are right needs labels of its own, and a look at what the model could do before.
#
# </details>
#
# <details><summary>You put a classifier on an LLM's first token, as with BERT's [CLS], and get chance. Why?</summary>
#
# In a decoder the first token attends to nothing after it. Its vector is the same for every text that begins alike. The last token that is not padding has read the whole text.
#
# </details>
#
# <details><summary>Style tuning left the fact probe where it was. Does this show that fine-tuning cannot lose knowledge?</summary>
#
# No: the run on invented facts changed many more answers, at the same size of adapter. How far the parameters move, and in which direction, decides; so the probe belongs after every tuning.
#
# </details>

# %% [markdown]
# Here is a question from this chapter's quiz to practise on: *Check* judges it at once, *Hint* helps in steps, and what it was worth goes into your own record, which stays on this computer. `practice` on a line of its own lists the others.

# %%
from autograder import open_practice

practice = open_practice("llms")
practice.show("opera-plans")

# %% [markdown]
# **The quiz**: [fine-tuning LLMs, ../quizzes/llms/llms.ipynb](../quizzes/llms/llms.ipynb). **Next**: from answers that somebody wrote to answers that somebody prefers, [chapter 9](09_alignment.ipynb).
