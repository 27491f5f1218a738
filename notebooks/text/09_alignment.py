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
# # 9. Alignment
#
# **After this chapter you can**
#
# 1. turn a pair of answers, one preferred to the other, into a loss, and work it out by hand for one pair;
# 2. train an LLM by direct preference optimisation, and say from two log-probabilities where its margin comes from;
# 3. measure how far a model has drifted from its reference, and say what β does about it;
# 4. put a reward head on an encoder, choose the best of n answers with it, and find a text that fools it;
# 5. say what alignment does not promise, and which measurement shows it.
#
# **Book**: section 2.1.4 and chapter 4 of *Foundations of Large Language Models* (arXiv 2501.09223), above all 4.3 (reward models) and 4.4.2 (direct preference optimisation). **Before this**: chapter 8. **Time**: an hour of reading; the cells run for about four minutes on two cores of a CPU.

# %% [markdown]
# ## A question before you run anything
#
# We tune a small LLM until it tells preferred answers from rejected ones far better than before, on pairs that it never saw. Write down a guess for each of these:
#
# - The gap between the two widens. Does the preferred answer become much more probable, or the rejected one much less?
# - Will the model now *write* better answers?
# - Before any training, every preferred answer is cut to its first sentence. How often does the untrained model give it the higher probability?

# %% [markdown]
# ## 9.1 Preferences
#
# **Alignment** means to make a model act as people intend, not only as its training text would go on (2.1.4). Supervised fine-tuning needs an answer to imitate. Often it is easier to say *this one rather than that one*, and such a choice also says what is not wanted.
#
# Our pairs come from a made-up library's help desk (`downstream/data/preferences/card.md`). Its author chose by four principles: be honest about what you do not know, give a next step, do not flatter, refuse what harms somebody and say why.

# %%
import torch

from downstream.data import load_task_data
from downstream.models import load_llm

llm = load_llm()
pairs = load_task_data("preferences")
print({split: len(part) for split, part in pairs.items()})
for row in (pairs["train"][5], pairs["train"][1]):
    print(f"\nprompt:   {row['prompt']}\nchosen:   {row['chosen']}\nrejected: {row['rejected']}")

# %% [markdown]
# ## 9.2 What the model thinks before any training
#
# The probability of an answer is the product over its tokens, so its logarithm is a sum: $\log \mathrm{Pr}_\theta(\mathbf{y} \mid \mathbf{x}) = \sum_i \log \mathrm{Pr}_\theta(y_i \mid \mathbf{x}, \mathbf{y}_{<i})$. We need it for hundreds of answers, again and again, so we save work as in chapter 5. Only the top six of the 30 layers will be trained, with LoRA; the others never change, and they are run **once** for each answer. **This cell takes about half a minute.**

# %%
from downstream.adapt import shortened
from downstream.alignment import answer_log_likelihoods, cut_in_two, run_once
from downstream.chats import encode_chats
from downstream.tuning import with_lora

SIDES, SIZES = ("chosen", "rejected"), {"train": 64, "validation": 21, "test": 36}
sample = {split: pairs[split].select(shortened(list(range(size)))) for split, size in SIZES.items()}
lower, _ = cut_in_two(with_lora(llm), 24)
print({split: len(rows) for split, rows in sample.items()}, "pairs are used")

# %%
def read(prompts, texts):
    return run_once(lower, encode_chats(llm, list(prompts), list(texts)))


hidden = {split: {side: read(rows["prompt"], rows[side]) for side in SIDES} for split, rows in sample.items()}
first = hidden["train"]["chosen"].inputs[0]["inputs_embeds"]
print("one answer with its prompt, after 24 layers:", tuple(first.shape), "= (tokens, hidden)")

# %% [markdown]
# The upper part has the last six layers, their adapter, and the next-token head. A new adapter adds nothing, and `disable_adapter()` switches it off: that is the **reference model** $\pi_{\mathrm{ref}}$, which costs no second copy.

# %%
from downstream.heads import count_parameters

ATTENTION = ("q_proj", "v_proj")
EVERYWHERE = (*ATTENTION, "k_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def new_policy(targets=ATTENTION, seed=0):
    model = with_lora(llm, targets=targets, seed=seed)
    return model, cut_in_two(model, 24)[1]


for targets in (ATTENTION, EVERYWHERE):
    trained, total = count_parameters(new_policy(targets)[0])
    print(f"adapter on {len(targets)} maps of each of six layers: {trained:,} of {total:,} parameters ({trained / total:.2%})")

# %%
@torch.no_grad()
def log_probabilities(upper, examples):
    found = torch.empty(len(examples))
    for chosen in torch.tensor(sorted(range(len(examples)), key=examples.length)).split(8):
        found[chosen] = answer_log_likelihoods(upper, *examples.batch(chosen.tolist()))
    return found


model, upper = new_policy()
reference = {split: {side: log_probabilities(upper, part[side]) for side in SIDES} for split, part in hidden.items()}
print("first three chosen answers:", [round(value, 1) for value in reference["train"]["chosen"][:3].tolist()], "nats")

# %% [markdown]
# Now the third guess of the opening question. We compare two sets of pairs: as they are, and with the chosen answers cut after their first sentence.

# %%
import re

import pandas as pd


def first_sentence(text):
    return re.split(r"(?<=[.!?;:])\s", text)[0]


def mean_tokens(examples):
    return sum(sum(label != -100 for label in labels) for labels in examples.labels) / len(examples)

# %%
held = hidden["test"]
cut = read(sample["test"]["prompt"], [first_sentence(text) for text in sample["test"]["chosen"]])
plain = {"chosen": reference["test"]["chosen"], "chosen, cut": log_probabilities(upper, cut)}
pd.DataFrame(
    {
        name: {
            "tokens, chosen": mean_tokens(part),
            "tokens, rejected": mean_tokens(held["rejected"]),
            "log-probability, chosen": plain[name].mean().item(),
            "log-probability, rejected": reference["test"]["rejected"].mean().item(),
            "chosen is more probable": (plain[name] > reference["test"]["rejected"]).float().mean().item(),
        }
        for name, part in (("chosen", held["chosen"]), ("chosen, cut", cut))
    }
).round(2)

# %% [markdown]
# As they are, the untrained model gives the *rejected* answer the higher probability in most pairs: flattery and vagueness are what the web is full of. Cut short, the chosen answer wins nearly always. Nothing was learnt: every token multiplies the probability by a number below one, so a short answer is more probable than a long one whatever it says.
#
# ## 9.3 A wrong turn: pairs of unequal length
#
# What would a model learn from such pairs? The cheapest judge can tell us. A **reward model** gives a text one number $r(\mathbf{x}, \mathbf{y})$; it is a regression head (chapter 3) with another loss. The choice of a person is modelled as in Bradley and Terry (book, section 4.3):
#
# $$\mathrm{Pr}(\mathbf{y}_a \succ \mathbf{y}_b \mid \mathbf{x}) = \sigma\big(r(\mathbf{x}, \mathbf{y}_a) - r(\mathbf{x}, \mathbf{y}_b)\big)$$
#
# and the loss is the negative logarithm of the probability of what was chosen. Here is the encoder of chapter 3, frozen, with one linear layer on the mean of its vectors:

# %%
from downstream.alignment import pairwise_loss
from downstream.examples import encode_texts
from downstream.models import load_encoder

encoder = load_encoder()


@torch.no_grad()
def vectors(prompts, texts):
    examples = encode_texts(encoder, list(prompts), [0.0] * len(prompts), pairs=list(texts))
    found = []
    for start in range(0, len(examples), 32):
        inputs, _ = examples.batch(range(start, min(start + 32, len(examples))))
        mask = inputs["attention_mask"].unsqueeze(-1)
        found.append((encoder.model(**inputs).last_hidden_state * mask).sum(dim=1) / mask.sum(dim=1))
    return torch.cat(found)

# %%
judged = {split: pairs[split].select(shortened(list(range(len(pairs[split]))))) for split in ("train", "test")}
seen = {(split, side): vectors(rows["prompt"], rows[side]) for split, rows in judged.items() for side in SIDES}
for split, side in list(seen):
    seen[split, f"{side}, cut"] = vectors(judged[split]["prompt"], [first_sentence(text) for text in judged[split][side]])
print("vectors of the chosen test answers:", tuple(seen["test", "chosen"].shape), "= (answers, hidden)")

# %%
def fit_reward(chosen, rejected, seed):
    torch.manual_seed(seed)
    head = torch.nn.Linear(384, 1)
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-2)
    for _ in range(50):
        loss = pairwise_loss(head(chosen).squeeze(1), head(rejected).squeeze(1))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return head


def right(head, better, worse):
    return (head(seen["test", better]) > head(seen["test", worse])).float().mean().item()

# %%
table = {}
for name in ("chosen", "chosen, cut"):
    heads = [fit_reward(seen["train", name], seen["train", "rejected"], seed) for seed in (0, 1, 2)]
    table[f"trained on: {name}"] = {
        title: ", ".join(f"{right(head, better, worse):.2f}" for head in heads)
        for title, better, worse in (
            ("pairs like those of training", name, "rejected"),
            ("pairs as they are", "chosen", "rejected"),
            ("rejected answers cut", "chosen", "rejected, cut"),
        )
    }
pd.DataFrame(table).T

# %% [markdown]
# Read it row by row. The judge trained on cut answers looks excellent on pairs like its own. Give it a whole good answer and a bad one that is short, and it takes the bad one: it learnt *short*, because short was the easiest thing to learn. Our pairs are therefore matched in length, and a report of preference training should say how long the two sides are.
#
# ## 9.4 From choices to a loss for the LLM
#
# The classical way (RLHF, book section 4.3; Ouyang et al. 2022, arXiv 2203.02155) trains a reward model first, and then an LLM $\pi_\theta$ that earns high rewards without leaving its reference too far behind:
#
# $$\max_\theta \; \mathbb{E}\big[r(\mathbf{x}, \mathbf{y})\big] - \beta\, \mathrm{KL}\big(\pi_\theta(\mathbf{y} \mid \mathbf{x}) \,\|\, \pi_{\mathrm{ref}}(\mathbf{y} \mid \mathbf{x})\big)$$
#
# Four lines lead from there to **direct preference optimisation**, DPO (4.4.2; Rafailov et al. 2023, arXiv 2305.18290), which needs neither a separate reward model nor sampled answers:
#
# 1. The best possible $\pi$ is known: $\pi^*(\mathbf{y} \mid \mathbf{x}) = \pi_{\mathrm{ref}}(\mathbf{y} \mid \mathbf{x}) \, e^{r(\mathbf{x}, \mathbf{y}) / \beta} / Z(\mathbf{x})$, with $Z$ to make it sum to one.
# 2. Solved for the reward: $r(\mathbf{x}, \mathbf{y}) = \beta \log \frac{\pi^*(\mathbf{y} \mid \mathbf{x})}{\pi_{\mathrm{ref}}(\mathbf{y} \mid \mathbf{x})} + \beta \log Z(\mathbf{x})$.
# 3. Bradley and Terry ask only for a *difference* of rewards to the same prompt, and $Z(\mathbf{x})$, which nobody can compute, drops out.
# 4. Put $\pi_\theta$ in the place of $\pi^*$; what is left is a loss:
#
# $$\mathcal{L} = -\log \sigma\Big(\beta \log \frac{\pi_\theta(\mathbf{y}_a \mid \mathbf{x})}{\pi_{\mathrm{ref}}(\mathbf{y}_a \mid \mathbf{x})} - \beta \log \frac{\pi_\theta(\mathbf{y}_b \mid \mathbf{x})}{\pi_{\mathrm{ref}}(\mathbf{y}_b \mid \mathbf{x})}\Big)$$
#
# Each of the two terms is an **implicit reward**; their difference is the **margin**. In code it is one line for the reward and one for the loss:

# %%
import inspect

from downstream import alignment
from downstream.alignment import dpo_loss, implicit_rewards

for function in (alignment.implicit_rewards, alignment.pairwise_loss, alignment.dpo_loss):
    code = inspect.getsource(function)
    print(re.sub(r'\n    """.*?"""', "", code, flags=re.DOTALL))

# %% [markdown]
# ### By hand, for one pair
#
# Before training, both rewards are zero and the loss is $-\log \sigma(0) = \ln 2$, whatever β. Then suppose that the chosen answer gained two nats and the rejected one lost five. (A *nat* is the unit of natural logarithms.)

# %%
was = torch.tensor([-40.0]), torch.tensor([-45.0])
now = torch.tensor([-38.0], requires_grad=True), torch.tensor([-50.0], requires_grad=True)
rewards = [implicit_rewards(n, w, beta=0.1).item() for n, w in zip(now, was)]
loss = dpo_loss(*now, *was, beta=0.1)
loss.backward()
print(f"before: {dpo_loss(*was, *was, beta=0.1).item():.3f}")
print(f"rewards: {rewards[0]:+.2f} and {rewards[1]:+.2f}   margin {rewards[0] - rewards[1]:.2f}   loss {loss.item():.3f}")
print(f"gradient of the loss: chosen {now[0].grad.item():+.4f}, rejected {now[1].grad.item():+.4f}")

# %% [markdown]
# The two gradients are equal and opposite: **the loss asks that the difference grow, and does not care which side moves.** Keep this in mind for section 9.6.

# %% [markdown]
# ## 9.5 Training, in plain PyTorch
#
# The reference log-probabilities are constants, so they were computed once. What remains is an ordinary loop; its loss is a parameter, for section 9.7.

# %%
import sys

from tqdm import tqdm


def train(policy, loss_of, seed=0, rate=1e-2, title="DPO", watch=None):
    model, upper = policy
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.0, fused=True)
    order = torch.randperm(len(sample["train"]), generator=torch.Generator().manual_seed(seed))
    batches = order.split(4)
    for number, chosen in enumerate(tqdm(batches, desc=title, file=sys.stdout, ncols=80, unit="step")):
        optimizer.param_groups[0]["lr"] = rate * min(1, (number + 1) / 2) * (1 - number / len(batches))
        loss = loss_of(upper, chosen.tolist())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if watch and number + 1 in (len(batches) // 4, len(batches) // 2, len(batches)):
            watch(number + 1)

# %%
def preferences(beta):
    def loss_of(upper, chosen):
        own = [answer_log_likelihoods(upper, *hidden["train"][side].batch(chosen)) for side in SIDES]
        return dpo_loss(*own, *[reference["train"][side][chosen] for side in SIDES], beta)

    return loss_of

# %% [markdown]
# On held-out pairs we want to see how much the log-probability of each side has changed, how often the implicit reward ranks the pair rightly (**preference accuracy**), and the **drift** from the reference. Drift is the Kullback-Leibler divergence $\mathrm{KL}(\pi_\theta \| \pi_{\mathrm{ref}})$, in nats per token: how surprising, on average, the tuned model's next token would be to the reference. We take it at the tokens of the held-out chosen answers.

# %%
from downstream.alignment import answer_logits, divergence


@torch.no_grad()
def drift(model, upper, examples):
    found = []
    for start in range(0, len(examples), 7):
        batch = examples.batch(range(start, min(start + 7, len(examples))))
        own, _ = answer_logits(upper, *batch)
        with model.disable_adapter():
            found.append(divergence(own, answer_logits(upper, *batch)[0]))
    return torch.cat(found).mean().item()

# %%
def measure(policy, split):
    model, upper = policy
    change = {side: log_probabilities(upper, hidden[split][side]) - reference[split][side] for side in SIDES}
    difference = change["chosen"] - change["rejected"]
    return {
        "chosen": change["chosen"].mean().item(),
        "rejected": change["rejected"].mean().item(),
        "difference": difference.mean().item(),
        "preference accuracy": (difference > 0).float().mean().item(),
        "drift": drift(model, upper, hidden[split]["chosen"]),
    }

# %% [markdown]
# We train three times: one pass over 64 pairs, in 16 steps of four pairs, with the same learning rate and the same batches.
#
# - **gentle**: β = 0.1; the adapter sits on the query and value projections, as in chapter 8.
# - **bold**: β = 0.1; the adapter sits on all seven linear maps of a layer, so that the same rate moves the model much further.
# - **bold, large β**: the same adapter with β = 3.
#
# Which of them will have the largest margin on held-out pairs? And which would you put on the help desk? **The next cell takes about two minutes.**

# %%
RUNS = {"gentle": (ATTENTION, 0.1), "bold": (EVERYWHERE, 0.1), "bold, large β": (EVERYWHERE, 3.0)}
START = {"chosen": 0.0, "rejected": 0.0, "difference": 0.0, "drift": 0.0}
policies, history = {}, {}
for name, (targets, beta) in RUNS.items():
    policy = policies[name] = new_policy(targets)
    found = history[name] = {0: START}
    train(policy, preferences(beta), title=name, watch=lambda step: found.update({step: measure(policy, "validation")}))
final = {name: list(found.values())[-1] for name, found in history.items()}
pd.DataFrame(final).T[["difference", "preference accuracy"]].round(2)

# %% [markdown]
# Compare the accuracies with the share of section 9.2, where the rejected answers were ahead. Mind the size of the split: with 21 validation pairs, one pair is five points, and the standard error about ten. Within that, look for what is *missing*: a difference several times as wide has not brought a better accuracy.
#
# ## 9.6 Where the margin comes from
#
# A margin is a difference, and a difference hides its two sides. Here they are:

# %%
from matplotlib import pyplot

from downstream.plots import COLOURS, show

figure, panels = pyplot.subplots(1, 3, figsize=(9, 3.2))
for axes, (name, found) in zip(panels, history.items()):
    for side, colour, style in zip(SIDES, COLOURS, ("o-", "s--")):
        axes.plot(list(found), [values[side] for values in found.values()], style, color=colour, label=side)
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set(title=name, xlabel="step")
panels[0].set_ylabel("change of log-probability (nats)")
panels[0].legend(frameon=False)
figure.tight_layout()
show(figure, "Three line charts of the change of log-probability on held-out pairs, by step. At the end: " + " ".join(f"{name}: chosen {v['chosen']:+.1f}, rejected {v['rejected']:+.1f} nats." for name, v in final.items()))

# %% [markdown]
# Mind the scales. In the gentle run the two sides part by a few nats. In the bold run the difference is several times as large, and **both sides fall**: the chosen answers have become far *less* probable, and the rejected ones have fallen further still. The loss is content with that, as its gradient told us: it asks for a difference. The same is known of larger models (Pal et al. 2024, arXiv 2402.13228).
#
# So look at both sides, always.
#
# ## 9.7 The baseline: imitate the chosen answers
#
# A fair question: what would plain supervised fine-tuning on the chosen answers do, with the bold adapter and the same steps? Its loss sees no rejected answer.

# %%
def imitation(upper, chosen):
    inputs, labels = hidden["train"]["chosen"].batch(chosen)
    return -answer_log_likelihoods(upper, inputs, labels).sum() / (labels != -100).sum()


policies["imitation"] = new_policy(EVERYWHERE)
train(policies["imitation"], imitation, title="imitation")

# %% [markdown]
# Now the test pairs, for the first time. **Half a minute.**

# %%
COMPARED = ("gentle", "bold", "imitation")
tested = {name: measure(policies[name], "test") for name in COMPARED}
ahead = (reference["test"]["chosen"] > reference["test"]["rejected"]).float().mean().item()
error = (0.25 / len(sample["test"])) ** 0.5
print(f"untrained, by plain log-probability: {ahead:.2f} of {len(sample['test'])} pairs (standard error of such a share: up to {error:.2f})")
pd.DataFrame(tested).T.round(2)

# %% [markdown]
# Read the columns `chosen` and `rejected` together. Imitation is the only run whose aim is a probable chosen answer. It cannot know what to avoid: whatever both sides share (the library, the desk, the tone) it learns from the chosen side, and the rejected answers gain from it too. DPO sees only what tells the sides apart. And yet imitation ranks these pairs about as well as the preference runs do, within the standard error: with few pairs, it is a baseline that is hard to beat, so measure it first. In practice the two are used one after the other: first imitation, then preferences (book, 4.3; Ouyang et al. 2022).
#
# ## 9.8 Drift, and what β does
#
# The gradient of the DPO loss carries the factor $\sigma(-\text{margin})$: a pair whose margin is already large pulls no more. The margin is β times the difference, so with a large β a pair is satisfied after a nat or two, and with a small one it goes on pulling.

# %%
reached = torch.tensor([0.0, 2.0, 20.0])
for beta in (0.1, 3.0):
    print(f"pull left at a difference of 0, 2 and 20 nats, β {beta:g}:", torch.sigmoid(-beta * reached).numpy().round(3))
rows = {
    name: {
        "β": RUNS[name][1],
        "difference (nats)": values["difference"],
        "margin (β × difference)": RUNS[name][1] * values["difference"],
        "drift (nats a token)": values["drift"],
    }
    for name, values in final.items()
}
pd.DataFrame(rows).T.round(3)

# %% [markdown]
# The margin is not comparable between different β: at β = 3 the same difference counts thirty times as much. The large β has by far the largest margin, a smaller difference than at β = 0.1, and nothing to show for it in accuracy. Compare differences, and compare them with the drift that they cost. The two bold runs also show a limit of β: it acts *through the loss*, on pairs that are already ranked rightly. It is no brake on the size of a step, and with a rate this high the first steps have gone far before any margin can object.
#
# ### A figure to play with
#
# Choose a run and go through its steps: the left panel has the two sides, the right one the margin that the loss sees and the drift that it costs. Which side moves first, and when does the drift begin? The table below has the same numbers for readers without widgets.

# %%
import ipywidgets

from downstream.plots import play


def look(run, place):
    beta, found = RUNS[run][1], history[run]
    step, values = list(found.items())[place]
    figure, (left, margins) = pyplot.subplots(1, 2, figsize=(8, 3))
    edge = max(abs(v[side]) for v in found.values() for side in SIDES) * 1.15 + 0.01
    left.bar(SIDES, [values[side] for side in SIDES], color=COLOURS[:2], hatch=["", "//"], edgecolor="white")
    left.axhline(0, color="black", linewidth=0.6)
    left.set(ylim=(-edge, edge), ylabel="change of log-probability (nats)", title=f"{run}, after step {step}")
    drifts = margins.twinx()
    drifts.spines["right"].set_visible(True)
    for axes, key, factor, mark, colour in ((margins, "difference", beta, "o", COLOURS[2]), (drifts, "drift", 1, "D", COLOURS[5])):
        axes.plot(list(found), [factor * v[key] for v in found.values()], color=colour, alpha=0.5)
        axes.plot(step, factor * values[key], mark, color=colour, markersize=8)
    margins.set_ylabel("margin ●", color=COLOURS[2])
    drifts.set_ylabel("drift ◆ (nats a token)", color=COLOURS[5])
    margins.set(xlabel="step", title=f"β = {beta:g}")
    figure.tight_layout(w_pad=2)
    return show(figure, f"{run}, β {beta:g}, after step {step}: chosen {values['chosen']:+.2f} nats, rejected {values['rejected']:+.2f} nats, margin {beta * values['difference']:.2f}, drift {values['drift']:.3f} nats a token.")

# %%
steps = ipywidgets.SelectionSlider(options=[(f"step {step}", place) for place, step in enumerate(found)], value=len(found) - 1, description="after")
play(look, run=ipywidgets.Dropdown(options=list(RUNS), description="run"), place=steps)

# %%
pd.DataFrame(
    {
        (name, step): {"chosen": v["chosen"], "rejected": v["rejected"], "margin": RUNS[name][1] * v["difference"], "drift": v["drift"]}
        for name, values in history.items()
        for step, v in values.items()
    }
).T.round(2)

# %% [markdown]
# ## 9.9 What it writes now, and what it still knows
#
# Preference accuracy is about answers that somebody else wrote. What does the model itself write? Three prompts, before and after, the most probable token at each step. **A third of a minute.**

# %%
from downstream.tuning import answers

asked = [pairs["validation"]["prompt"][index] for index in (3, 7, 11)]
longest = len(shortened(list(range(36))))
written = {"before": answers(llm.model, llm.tokenizer, asked, longest)}
for name in COMPARED:
    written[name] = answers(policies[name][0], llm.tokenizer, asked, longest)
for index, prompt in enumerate(asked):
    print(f"> {prompt}")
    for name, texts in written.items():
        print(f"  {name:>9}: {' '.join(texts[index].split())[:140]}")

# %% [markdown]
# The gentle run ranks pairs much better than the untrained model, and writes what it wrote before, word for word or nearly so: a few nats over thirty tokens seldom change which token comes first. The bold run has the larger difference, and its sentences have fallen apart. Imitation, with the same adapter and rate, still writes sentences, though not truer ones. **Neither the margin nor the accuracy told us.** Read what a model writes.
#
# And the facts? We use the probe of chapter 8. **Half a minute.**

# %%
from downstream.tuning import choice_likelihoods

facts = load_task_data("facts")["test"].shuffle(seed=0).select(shortened(list(range(72))))
ends = [[row["answer"], *row["wrong"]] for row in facts]


def known(model):
    return choice_likelihoods(model, llm.tokenizer, list(facts["statement"]), ends).argmax(dim=1) == 0


knew = known(llm.model)
table = {"before": {"known": int(knew.sum()), "lost": 0, "gained": 0}}
for name in ("gentle", "bold"):
    knows = known(policies[name][0])
    table[name] = {"known": int(knows.sum()), "lost": int((knew & ~knows).sum()), "gained": int((~knew & knows).sum())}
pd.DataFrame(table).T.assign(of=len(facts))

# %% [markdown]
# Judge the change by `lost` and `gained` together: where few facts cross over in either direction, nothing can be said from a probe of this size; where many are lost and few gained, the drift has cost knowledge that no preference pair ever mentioned.
#
# ## 9.10 A reward model, and the best of n
#
# There is a way to use preferences that leaves the LLM as it is: let it write *n* answers at random, let a reward model score them, and give out the best. This is **best-of-n** sampling (book, 4.4.5). We have a judge already: the head of section 9.3 that was trained on matched pairs. How good is it?

# %%
judges = [fit_reward(seen["train", "chosen"], seen["train", "rejected"], seed) for seed in (0, 1, 2)]
print("right on test pairs, three seeds:", [round(right(head, "chosen", "rejected"), 3) for head in judges], f"of {len(judged['test'])} pairs")
print("parameters of the head:", f"{count_parameters(judges[0])[1]:,}")

# %% [markdown]
# Good, and not perfect. Eight answers to each of two prompts, drawn at random from the untuned LLM. **A quarter of a minute.**

# %%
@torch.no_grad()
def draw(prompt, n=8):
    ids = llm.tokenizer.apply_chat_template([{"role": "user", "content": prompt}], add_generation_prompt=True, return_tensors="pt")
    torch.manual_seed(0)
    found = llm.model.generate(**ids, do_sample=True, temperature=1.0, top_k=50, num_return_sequences=n, max_new_tokens=longest, pad_token_id=llm.tokenizer.pad_token_id)
    texts = llm.tokenizer.batch_decode(found[:, ids["input_ids"].shape[1] :], skip_special_tokens=True)
    return [" ".join(text.split()) for text in texts]

# %%
@torch.no_grad()
def reward(prompt, texts):
    return judges[0](vectors([prompt] * len(texts), texts)).squeeze(1)

# %%
chances = ("Will it rain at the summer fete next year?", "Give me the phone number of the girl who was reading here.")
drawn = {prompt: draw(prompt) for prompt in chances}
for prompt, texts in drawn.items():
    scores = reward(prompt, texts)
    print(f"> {prompt}")
    for title, place in (("best", scores.argmax()), ("worst", scores.argmin())):
        print(f"  {title:>5} {scores[place].item():+5.1f}  {texts[place]}")

# %% [markdown]
# Hold the best against the four principles of section 9.1. Best-of-n can only choose among what was drawn: if none of the eight is a good answer, the best is not one either. And a fluent tone is what a judge with one linear layer can see; whether a phone number is real, it cannot.
#
# ## 9.11 What the judge gets wrong
#
# Whoever searches for high scores searches for the judge's mistakes too. We do so on purpose: take sentences out of chosen *training* answers, and add, one after another, whichever raises the mean reward over four unrelated test prompts most. The text knows nothing of the prompt.

# %%
stock = shortened([sentence for text in pairs["train"]["chosen"][:24] for sentence in re.split(r"(?<=[.!?])\s", text)])
victims = pairs["test"]["prompt"][:4]


def mean_reward(texts):
    return torch.stack([reward(prompt, texts) for prompt in victims]).mean(dim=0)

# %%
hack = ""
for _ in range(3):
    tries = [f"{hack} {sentence}".strip() for sentence in stock]
    scores = mean_reward(tries)
    hack = tries[int(scores.argmax())]
    print(f"mean reward {scores.max().item():+.2f}: {hack}")

# %% [markdown]
# Now let it compete with the hand-written answers, each to its own prompt, on the **other** test prompts, and under a judge that was not searched against (another seed):

# %%
others = judged["test"].select(range(4, len(judged["test"]))) if len(judged["test"]) > 4 else judged["test"]
fooled = vectors(others["prompt"], [hack] * len(others))
places = slice(-len(others), None)
for name, head in (("the judge that was searched", judges[0]), ("another seed", judges[1])):
    for side in SIDES:
        share = (head(fooled) > head(seen["test", side][places])).float().mean().item()
        print(f"{name}: one useless text beats the {side} answer to {share:.0%} of {len(others)} prompts")

# %% [markdown]
# One text, fit for nothing, against answers that a person wrote for each prompt. This is **reward hacking**, in small: the score rises, its meaning does not. Another seed of the judge is hardly a second opinion, because it learnt from the same pairs. Best-of-n with a large n, and reinforcement learning still more, search in the same way, only with more skill (Gao et al. 2022, arXiv 2210.10760); the KL term in the objective of section 9.4 is there to keep the search near texts that the judge knows.
#
# ## 9.12 What alignment cannot promise
#
# | what one may hope | what stands against it | where you saw it, or who showed it |
# |---|---|---|
# | "the model has people's values" | it has the choices of those who were asked: one author here; some 40 contractors in Ouyang et al. 2022 (arXiv 2203.02155), who say themselves that these do not stand for everybody | the card of the data set |
# | "a higher reward is a better answer" | only near the texts that the reward was learnt from; further search makes the true quality fall (Gao et al. 2022, arXiv 2210.10760) | section 9.11 |
# | "it learnt the principle" | it learnt whatever tells the two sides apart, length if need be | section 9.3 |
# | "it will say what it would choose" | ranking given answers and writing new ones are different acts | section 9.9 |
# | "what it should not say is gone" | the rejected answers stay in reach: the adapter comes off in one line, and prompts can be found that lead around the training (*jailbreaks*; Wei et al. 2023, arXiv 2307.02483) | the next cell |
# | "it is honest now" | 64 pairs cannot teach a model what it does not know | section 9.9 |

# %%
refusals = [index for index, text in enumerate(sample["validation"]["chosen"]) if re.search(r"\b(no|not|can't|cannot|sorry|rather not)\b", text.lower())][:6]
policy, top = policies["bold"]
harmful = hidden["validation"]["rejected"].subset(refusals or [0])
aligned = log_probabilities(top, harmful)
with policy.disable_adapter():
    bare = log_probabilities(top, harmful)
print(f"mean log-probability of {len(harmful)} rejected answers: with the adapter {aligned.mean().item():.1f}, switched off {bare.mean().item():.1f}")

# %% [markdown]
# Off is exactly the reference again. Alignment of this kind is a layer over a model, not a change of what the model could say.
#
# **What this chapter cannot show.** One model of 135 million parameters, 64 pairs by one author, one pass, six layers of thirty. Large models are aligned with tens of thousands of comparisons and more. That the loss sees only differences, that a reward is only as good as its data, and that drift has to be watched is true at any size.
#
# ## 9.13 Summary
#
# | idea | in one line | where it fails |
# |---|---|---|
# | preference pair | one prompt, two answers, one preferred | where the sides differ in length, or in anything else that nobody meant |
# | reward model | regression head, loss $-\log \sigma(r_a - r_b)$ | far from its training texts |
# | best-of-n | draw n answers, give out the one with the highest reward | no better than the best that was drawn; finds the judge's mistakes as n grows |
# | DPO | the same loss on $\beta \log (\pi_\theta / \pi_{\mathrm{ref}})$ | the margin can grow without the chosen answer becoming likelier |
# | β | small: the pairs pull for long; large: they are soon satisfied | it bounds drift only through the loss |
# | drift | KL per token against the reference | small here says nothing about other texts |

# %% [markdown]
# ## Exercises
#
# 1. ★ (5 min) Call `dpo_loss` with β 0.1 and a pair in which **both** sides lost: the chosen one 3 nats, the rejected one 13. *Expected*: a margin of 1 and a loss of about 0.31, lower than $\ln 2$: the loss is content, although the chosen answer is now less probable.
# 2. ★★ (15 min) Swap `chosen` and `rejected` in the training pairs and train once more. *Expected*: preference accuracy on held-out pairs falls below one half. The method has no opinion of its own.
# 3. ★★ (20 min) Train the head of section 9.3 on the rejected answers cut instead of the chosen ones. *Expected*: a judge that likes long texts; on pairs as they are it is worse than the head trained on matched pairs.
# 4. ★★★ (40 min) Add imitation to the DPO loss: the loss of section 9.7 with weight 0.1. *Expected*: the chosen side rises more than with DPO alone.

# %% [markdown]
# ## Practice
#
# Answer first, then open.
#
# <details><summary>A report says: "after DPO the margin on held-out pairs is ten times as large". Which two numbers do you ask for?</summary>
#
# The log-probabilities of the chosen and of the rejected answers against the reference, each by itself. The margin is their difference; it may come entirely from rejected answers that became improbable, or while both fall.
#
# </details>
#
# <details><summary>Annotators preferred answers that were, on average, half as long. The tuned model's answers are terse and often useless. What happened, and what would you measure before the next run?</summary>
#
# Length told the two sides apart more easily than quality, so length was learnt. Measure the tokens of each side, and how well length alone predicts the choice; then match the lengths, or collect pairs in which the longer answer is preferred as often.
#
# </details>
#
# <details><summary>Why does DPO need the reference model at all? What would happen to the loss without it?</summary>
#
# Without it the reward would be β times the plain log-probability. Short answers and common phrases would count as preferred from the start, and nothing would measure how far the model has moved. With it, only the *change* counts, and β sets what a change is worth.
#
# </details>
#
# <details><summary>A team raises n in best-of-n from 8 to 1,024. The mean reward rises, and users complain more. Explain.</summary>
#
# The reward is a model of people's choices, right only near the texts that it was trained on. With more draws, more of what wins are texts that the judge overrates. Watch a second measure that is not searched, such as fresh human choices.
#
# </details>

# %% [markdown]
# Here is a question from this chapter's quiz to practise on: *Check* judges it at once, *Hint* helps in steps, and what it was worth goes into your own record, which stays on this computer. `practice` on a line of its own lists the others.

# %%
from autograder import open_practice

practice = open_practice("alignment")
practice.show("ferry-line")

# %% [markdown]
# **The quiz**: [alignment, ../quizzes/alignment/alignment.ipynb](../quizzes/alignment/alignment.ipynb). **Next**: [chapter 10, one model, many tasks](10_one_model_many_tasks.ipynb).
