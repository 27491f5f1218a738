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
# # 3. The task decides the head
#
# **After this chapter you can**
#
# 1. say, for seven kinds of task, what goes in, what must come out, and which prediction network (*head*) turns one into the other;
# 2. read the shape of a head's output off the task alone;
# 3. put a new head on a pre-trained encoder and train it on e-mails;
# 4. recognise a head that cannot solve its task however long it is trained.
#
# **Book**: section 1.4 of *Foundations of Large Language Models* (arXiv 2501.09223), formulas (1.21) to (1.25). **Before this**: chapters 1 and 2, or an idea of what a token and a loss are. **Time**: an hour of reading; the cells run for about three minutes on a laptop CPU.

# %% [markdown]
# ## A question before you run anything
#
# An encoder has read a sentence of 12 tokens and gives one vector of 384 numbers for each. You want to find the names of people and places in the sentence. A colleague proposes: *average the 12 vectors into one, and put a classifier on the average.*
#
# Write down: what shape does the answer to this task have, and what is the best this head can do? Section 3.10 tries it.

# %% [markdown]
# ## 3.1 One encoder, one vector for each token
#
# The book writes $\mathbf{H} = \mathrm{Encode}_{\hat\theta}(\mathbf{x})$ (1.2): the pre-trained encoder, with its parameters $\hat\theta$, turns the tokens $\mathbf{x}$ into vectors $\mathbf{h}_0, \mathbf{h}_1, \ldots$, the rows of $\mathbf{H}$.

# %%
import torch

from downstream.models import load_encoder

torch.manual_seed(0)  # new heads start at random: the same random for every reader
encoder = load_encoder()
text = "Please send the kettle to Anna in Leeds."
inputs = encoder.tokenizer(text, return_tensors="pt")
with torch.no_grad():
    H = encoder.model(**inputs).last_hidden_state
print(encoder.tokenizer.convert_ids_to_tokens(inputs["input_ids"][0]))
print("H:", tuple(H.shape), "= (batch, sequence, hidden)")

# %% [markdown]
# There is one row per token, `[CLS]` and `[SEP]` included, and nothing in it names a task. What to make of these rows is the head's business: $\mathbf{y} = \mathrm{Predict}_{\omega}(\mathbf{H})$ (1.21), with new parameters $\omega$ that start at random.

# %% [markdown]
# ## 3.2 A task is a data type
#
# Three facts fix the shape of the adapted model: the input format, the output format, and the head between them. In this course a task *is* these facts:

# %%
import pandas as pd

from downstream.tasks import TASKS, task_table

pd.set_option("display.max_colwidth", None)
print(TASKS[0])
task_table()[["input format", "output format", "head"]]

# %% [markdown]
# Read the table by its second column: the **output format alone** tells the heads apart. Two kinds of task share a head where they ask for the same output.

# %% [markdown]
# ## 3.3 Single text: one vector, C scores
#
# For a label on the whole text, the token vectors are *pooled* into one, and a linear layer gives one score (*logit*) per class. BERT pools by taking $\mathbf{h}_{\mathrm{cls}}$; the mean over all tokens is another choice.

# %%
from downstream.heads import SequenceClassificationHead, TaskModel

head = SequenceClassificationHead(hidden_size=384, classes=3, pooling="mean")
model = TaskModel(encoder.model, head).eval()
with torch.no_grad():
    logits = model(**inputs)
print(head)
print("logits:", tuple(logits.shape), "= (batch, classes)")

# %% [markdown]
# A row for each token went in and a single row of scores came out: the sequence axis is gone. The scores mean nothing yet, because $\omega$ is random.

# %% [markdown]
# ## 3.4 A pair of texts: the same head, another input
#
# Does one sentence follow from another? Two texts go in as one sequence, `[CLS] x [SEP] y [SEP]`. A second list of numbers, the *segments*, says which text a token belongs to.

# %%
pair = encoder.tokenizer("The kettle is broken.", "The kettle works.", return_tensors="pt")
tokens = encoder.tokenizer.convert_ids_to_tokens(pair["input_ids"][0])
for token, segment in zip(tokens, pair["token_type_ids"][0].tolist()):
    print("AB"[segment], token, end="   ")
with torch.no_grad():
    print("\nlogits:", tuple(model(**pair).shape))

# %% [markdown]
# The head did not change at all; only the input format did. Because both texts are in one sequence, each token can attend to the other text.

# %% [markdown]
# ## 3.5 Regression: one number
#
# How similar are two texts, from 0 to 5? The output is one real number, so the head has one output, and the loss is the squared error and not the cross-entropy.

# %%
from downstream.heads import RegressionHead

regression = RegressionHead(hidden_size=384, pooling="mean")
with torch.no_grad():
    number = TaskModel(encoder.model, regression).eval()(**pair)
print("output:", tuple(number.shape), "= (batch,)")
print("loss against 1.5:", regression.loss(number, torch.tensor([1.5])).item().__round__(3))

# %% [markdown]
# A number has an order and a distance, classes have neither: with classes *urgent*, *standard* and *spam* numbered 0, 1 and 2, a regression head would learn that spam is "more" than standard.

# %% [markdown]
# ## 3.6 Sequence labelling: one decision per token
#
# To find names, every token needs a tag: `B-person` where a name begins, `I-person` where it goes on, `O` elsewhere. So the head keeps the sequence axis: the same linear layer is applied to every row of $\mathbf{H}$, and the loss is the mean over the tokens (1.23).

# %%
from downstream.heads import TokenClassificationHead

tagging = TokenClassificationHead(hidden_size=384, tags=9)
with torch.no_grad():
    scores = TaskModel(encoder.model, tagging).eval()(**inputs)
print("logits:", tuple(scores.shape), "= (batch, sequence, tags)")

# %% [markdown]
# The book leaves one practical point out. People tag *words*, but the tokenizer cuts rare words into pieces. We let the first piece carry the tag; the others get the label −100, which the loss ignores.

# %%
from downstream.examples import encode_tokens

words = ["Ask", "Ms", "Adeyemi", "in", "Swansea"]
example = encode_tokens(encoder, [words], [[0, 1, 2, 0, 3]])
pieces = encoder.tokenizer.convert_ids_to_tokens(example.inputs[0]["input_ids"])
for piece, label in zip(pieces, example.labels[0]):
    print(f"{piece:>8} {label:>5}")

# %% [markdown]
# Count the labels that are not −100: there are as many as words.

# %% [markdown]
# ## 3.7 Span prediction: a start and an end
#
# The answer to a question is often a stretch of a given text. Each token gets two scores: as the start of the answer and as its end. We read (1.24) as two softmaxes over the positions, compared with the right start and the right end. The prediction (1.25) is the pair with the highest sum, with start ≤ end.

# %%
from downstream.heads import SpanHead, decode_span

query, context = "Where to?", "Please send the kettle to Anna in Leeds."
question = encoder.tokenizer(query, context, return_tensors="pt")
with torch.no_grad():
    span_scores = TaskModel(encoder.model, SpanHead(384)).eval()(**question)
print("logits:", tuple(span_scores.shape), "= (batch, sequence, start and end)")
in_context = question["token_type_ids"].bool()
in_context[0, -1] = False  # the last [SEP] is in segment B, but not in the context
start, end = decode_span(span_scores, in_context)[0]
print("untrained answer:", encoder.tokenizer.decode(question["input_ids"][0, start : end + 1]))

# %% [markdown]
# The answer is nonsense, as it must be before training, but it has the right *form*: a stretch of the context, start before end. The form comes from the head, the sense from the training.

# %% [markdown]
# ## 3.8 Multiple choice, and text generation
#
# For K choices the encoder reads the question K times, once with each choice. The head gives **one** score to each reading, and the softmax runs over the choices: they have no fixed numbering, so they cannot be classes.

# %%
from downstream.heads import MultipleChoiceHead

choices = ["a kettle", "a train", "next Tuesday"]
readings = encoder.tokenizer([text] * 3, choices, padding=True, return_tensors="pt")
chooser = MultipleChoiceHead(hidden_size=384, choices=3, pooling="mean")
with torch.no_grad():
    choice_scores = TaskModel(encoder.model, chooser).eval()(**readings)
print("input ids:", tuple(readings["input_ids"].shape), "= (batch × choices, sequence)")
print("logits:", tuple(choice_scores.shape), "= (batch, choices)")

# %% [markdown]
# Generation needs a score for every word of the vocabulary, at every position. That is the head that an LLM was pre-trained with, so here it is *kept*, not replaced.

# %%
from downstream.models import load_llm

llm = load_llm()
prompt = llm.tokenizer("The capital of France is", return_tensors="pt")
with torch.no_grad():
    next_scores = llm.model(**prompt).logits
print("logits:", tuple(next_scores.shape), "= (batch, sequence, vocabulary)")
print("next token:", llm.tokenizer.decode(next_scores[0, -1].argmax()))

# %% [markdown]
# ### Seven tasks, six heads, one table
#
# This table is computed: each row holds the shapes seen above and the size of the head.

# %%
from downstream.heads import LanguageModelHead, count_parameters

seen = [
    (TASKS[0], inputs, logits, head),
    (TASKS[1], pair, model(**pair), head),
    (TASKS[2], pair, number, regression),
    (TASKS[3], inputs, scores, tagging),
    (TASKS[4], question, span_scores, SpanHead(384)),
    (TASKS[5], readings, choice_scores, chooser),
    (TASKS[6], prompt, next_scores, LanguageModelHead(576, llm.model.config.vocab_size)),
]
rows = [
    (task.name, tuple(batch["input_ids"].shape), tuple(output.shape), task.head, f"{count_parameters(network)[1]:,}", task.loss)
    for task, batch, output, network in seen
]
pd.DataFrame(rows, columns=["task", "token ids in", "logits out", "head", "head parameters", "loss"])

# %% [markdown]
# Compare the head sizes with the encoder's own parameters:

# %%
print(f"encoder: {count_parameters(encoder.model)[1]:,} parameters")

# %% [markdown]
# Without the last row, the heads are tiny. Nearly all of the adapted model comes from pre-training.

# %% [markdown]
# ## 3.9 The right head, for real: sorting e-mails
#
# A help desk sorts its mail into *urgent*, *standard* and *spam*. One text in, one of three labels out: the table says single-text classification. The set was written for this course; its card, `downstream/data/emails/card.md`, says how. It is meant to be hard for word counting: shouted routine requests, calm emergencies, polite spam.

# %%
from downstream.data import load_task_data

emails = load_task_data("emails")
print({split: len(part) for split, part in emails.items()})
for label in ("urgent", "standard", "spam"):
    row = next(row for row in emails["train"] if row["label"] == label)
    print(f"\n{label}: {row['text']}")

# %% [markdown]
# First, two baselines that need no encoder: always the most frequent label, and logistic regression on weighted word counts (TF-IDF), its strength chosen on the validation split.

# %%
from downstream.data.baselines import majority, tfidf

always = majority(emails)
counting, strength = tfidf(emails)
print(f"majority: {always:.3f}   TF-IDF: {counting:.3f} (C = {strength:g})")

# %% [markdown]
# Now the encoder with the head of section 3.3. All parameters are trained, $\omega$ from random values and $\theta$ from $\hat\theta$, to minimise the cross-entropy over the training split (1.22). The learning rate was chosen on the validation split, as the card of the data set records. **This cell takes about a minute.**

# %%
from downstream.adapt import adapt, predict
from downstream.examples import encode_texts
from downstream.metrics import accuracy

names = sorted(set(emails["train"]["label"]))
mail = {
    split: encode_texts(encoder, part["text"], [names.index(label) for label in part["label"]])
    for split, part in emails.items()
}
tuned = adapt(
    encoder,
    lambda: SequenceClassificationHead(384, len(names), pooling="mean"),
    mail["train"], mail["test"], accuracy,
    name="e-mails", seeds=[0], epochs=6, learning_rate=2e-4,
)
print(f"fine-tuned encoder: {tuned.mean:.3f} on {len(mail['test'])} test e-mails")

# %% [markdown]
# How far can this number be trusted? With $n$ test e-mails, an accuracy $p$ has a standard error of $\sqrt{p(1-p)/n}$; twice that is a fair margin.

# %%
from downstream.plots import bars, confusion, show

margin = 2 * (tuned.mean * (1 - tuned.mean) / len(mail["test"])) ** 0.5
print(f"fine-tuned: {tuned.mean:.3f} ± {margin:.3f}   ahead of TF-IDF by {tuned.mean - counting:.3f}")
results = {"majority": always, "TF-IDF": counting, "fine-tuned encoder": tuned.mean}
figure = bars({name: {"accuracy": [value]} for name, value in results.items()}, "Sorting e-mails", "test accuracy")
show(figure, "Bar chart of test accuracy on the e-mails: " + ", ".join(f"{name} {value:.2f}" for name, value in results.items()))

# %% [markdown]
# If the lead over TF-IDF is wider than the margin, it is more than luck of the draw. One seed says nothing about how much the training itself varies; the card of the data set lists three. Which labels are confused?

# %%
guesses = [names[int(scores.argmax())] for scores in predict(tuned.model, mail["test"])]
right = list(emails["test"]["label"])
wrong = sum(guess != label for guess, label in zip(guesses, right))
show(confusion(right, guesses, names), f"Confusion matrix of the labels {', '.join(names)}: {len(right) - wrong} test e-mails on the diagonal, {wrong} off it.")

# %% [markdown]
# Try a message of your own. Change the text and run the cell again.

# %%
mine = encode_texts(encoder, ["No rush at all, but the ceiling above my desk is starting to drip."], [0])
probabilities = predict(tuned.model, mine)[0].softmax(dim=-1)
print({name: round(float(p), 3) for name, p in zip(names, probabilities)})

# %% [markdown]
# ## 3.10 A wrong turn: one vector for every token
#
# Back to the opening question. The set `slots` holds sentences from customer mail with persons, places, times and items tagged by hand.

# %%
slots = load_task_data("slots")
print({split: len(part) for split, part in slots.items()})
row = slots["train"][0]
for word, tag in zip(row["tokens"], row["tags"]):
    print(f"{word}/{tag}", end=" ")

# %% [markdown]
# Here is the colleague's head: pool the sentence into one vector, repeat it for every token, classify. The shapes fit and nothing raises an error.

# %%
from downstream.heads import Pooler


class RepeatedPoolHead(TokenClassificationHead):
    """The wrong head: every token gets the scores of the whole sentence."""

    def forward(self, hidden, mask):
        pooled = Pooler(hidden.shape[-1], "mean")(hidden, mask)
        repeated = pooled.unsqueeze(1).expand_as(hidden)
        return self.classifier(self.dropout(repeated))


with torch.no_grad():
    same = RepeatedPoolHead(384, 9).eval()(H, inputs["attention_mask"])
print("logits:", tuple(same.shape), " all rows equal:", bool((same == same[:, :1]).all()))

# %% [markdown]
# Now train both heads on the same sentences, from the same encoder, with the same settings and three seeds. Two scores are kept: the share of right tags, and the F1 over whole entities. **The two cells take under a minute each.**

# %%
from downstream.adapt import record_table
from downstream.metrics import entity_f1, token_accuracy

tags = sorted({tag for row in slots["train"] for tag in row["tags"]})
tagged = {
    split: encode_tokens(encoder, part["tokens"], [[tags.index(tag) for tag in row] for row in part["tags"]])
    for split, part in slots.items()
}
settings = dict(seeds=[0, 1, 2], epochs=10, learning_rate=3e-4, batch_size=16)
right_head = adapt(
    encoder, lambda: TokenClassificationHead(384, len(tags)),
    tagged["train"], tagged["test"], entity_f1(tags), name="one vector a token", **settings,
)

# %%
wrong_head = adapt(
    encoder, lambda: RepeatedPoolHead(384, len(tags)),
    tagged["train"], tagged["test"], entity_f1(tags), name="one vector repeated", **settings,
)
record_table([right_head, wrong_head], metric="entity F1")

# %% [markdown]
# Both runs trained the same number of parameters for the same number of steps. Token accuracy shows why the mistake is easy to overlook:

# %%
outside = sum(tag == "O" for row in slots["test"]["tags"] for tag in row)
share = outside / sum(len(row) for row in slots["test"]["tags"])
measured = {
    record.name: {
        "token accuracy (last seed)": [token_accuracy(predict(record.model, tagged["test"]), tagged["test"].labels)],
        "entity F1 (dots: seeds)": list(record.scores),
    }
    for record in (right_head, wrong_head)
}
print(f"share of test words tagged O: {share:.3f}")
alt = "; ".join(f"{head}: " + ", ".join(f"{score} {sum(v) / len(v):.2f}" for score, v in values.items()) for head, values in measured.items())
show(bars(measured, "Finding persons, places, times and items", "test score"), f"Bar chart for two heads. {alt}.")

# %% [markdown]
# The wrong head's token accuracy looks respectable, but compare it with the share of `O`: it has learned to say `O` everywhere, so it finds no entity at all. The rows it hands to the classifier are equal, so **no** parameters can tell *Anna* from *send*. More epochs cannot help: the head's output does not have the form of the task.

# %%
sentence = encode_tokens(encoder, [words], [[0] * len(words)])
for record in (right_head, wrong_head):
    rows_of_scores = predict(record.model, sentence)[0]
    found = [tags[int(s.argmax())] for s, label in zip(rows_of_scores, sentence.labels[0]) if label != -100]
    print(f"{record.name}:", list(zip(words, found)))

# %% [markdown]
# **What this small experiment cannot show.** There are a few dozen test sentences, in one style, and the encoder is small, so the right head's exact F1 would move with another sample. The gap between the heads would not: it is a matter of form, not of size.

# %% [markdown]
# ## 3.11 Summary
#
# The whole argument in one table, again from the code:

# %%
task_table()[["output format", "head", "loss", "metric", "section"]]

# %% [markdown]
# - The task fixes the input format, the output format and the head; the encoder stays the same.
# - The head throws the sequence axis away (classification, regression, choice) or keeps it (labelling, spans, generation). Getting this wrong cannot be trained away.
# - A metric has to match the task too: token accuracy hid what entity F1 showed.

# %% [markdown]
# ## Exercises
#
# 1. ★ (5 min) Change `pooling` in section 3.3 to `"first"`, `"max"` and `"bert"`. Which one changes the head's number of parameters? *Expected*: only `"bert"`, which adds a layer of 384 × 384 weights and 384 biases.
# 2. ★★ (15 min) Write a head that says for **each** of four topics whether an e-mail is about it (several may hold). What is the output shape, and why is the softmax wrong? *Expected*: `(batch, 4)`, each score through its own sigmoid, with binary cross-entropy.
# 3. ★★ (20 min) Sort the e-mails with `RegressionHead` and the labels as 0, 1, 2, rounding the output. Compare its accuracy with section 3.9, and try another numbering of the labels. *Expected*: a clearly lower accuracy that depends on the numbering.
# 4. ★★★ (30 min) In `decode_span`, set `longest=3`. Build an example where the answer changes.

# %% [markdown]
# ## Practice
#
# Answer first, then open.
#
# <details><summary>A hospital wants every drug name marked in doctors' notes. Which head, and what shape do its logits have for 8 notes of 50 tokens with 3 tags?</summary>
#
# A token classification head: each token is tagged. The logits are `(8, 50, 3)`.
#
# </details>
#
# <details><summary>Two products are described; the model must say on a scale from 0 to 1 how alike they are. A colleague takes a classification head with two classes, "alike" and "not alike". What is lost?</summary>
#
# The degree. The task asks for one real number for a text pair, so it is regression: one output and squared error. With two classes the training labels between 0 and 1 would have to be cut at some threshold.
#
# </details>
#
# <details><summary>Exam questions have four answer options each, different every time. Why not a classification head with the classes A, B, C and D over question and options together?</summary>
#
# A, B, C and D mean something else in each question, so there is nothing for the weights of "class B" to learn. Score each option on its own with the same weights, and take the softmax over the options.
#
# </details>
#
# **Next**: the quiz on heads, [../quizzes/heads/heads.ipynb](../quizzes/heads/heads.ipynb).
