"""Picture files: the one reader of them, folders of them, and digits made like MNIST's."""
