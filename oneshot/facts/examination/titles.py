"""What the kinds of questions are called where people read them; loads nothing."""

TITLES = {
    "taught": "taught prompt",
    "paraphrase": "in other words",
    "question": "as a question",
    "in front": "behind other text",
    "neighbour": "neighbours unchanged",
    "other relation": "subject's other relations unchanged",
    "forgotten": "forgotten facts are gone",
}
