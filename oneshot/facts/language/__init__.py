"""From what a person types to a prompt, a subject and an answer, and to other wordings."""
