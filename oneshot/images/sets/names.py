"""The names of the classes of the sets that the package knows."""

import re

from oneshot.images.kinds import Dataset

CIFAR10 = "airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck"
CIFAR100 = """
    apple, aquarium fish, baby, bear, beaver, bed, bee, beetle, bicycle, bottle, bowl, boy,
    bridge, bus, butterfly, camel, can, castle, caterpillar, cattle, chair, chimpanzee,
    clock, cloud, cockroach, couch, crab, crocodile, cup, dinosaur, dolphin, elephant,
    flatfish, forest, fox, girl, hamster, house, kangaroo, keyboard, lamp, lawn mower,
    leopard, lion, lizard, lobster, man, maple tree, motorcycle, mountain, mouse, mushroom,
    oak tree, orange, orchid, otter, palm tree, pear, pickup truck, pine tree, plain, plate,
    poppy, porcupine, possum, rabbit, raccoon, ray, road, rocket, rose, sea, seal, shark,
    shrew, skunk, skyscraper, snail, snake, spider, squirrel, streetcar, sunflower, sweet
    pepper, table, tank, telephone, television, tiger, tractor, train, trout, tulip, turtle,
    wardrobe, whale, willow tree, wolf, woman, worm
"""

_NAMED: dict[str, str] = {Dataset.CIFAR10: CIFAR10, Dataset.CIFAR100: CIFAR100}


def class_names(dataset: str, classes: int) -> tuple[str, ...]:
    """The names of a set's classes in the order of their labels; numbers where none are known."""
    names = _NAMED.get(dataset, "").replace("\n", " ").split(",")
    known = [" ".join(name.split()) for name in names]
    return tuple(known[:classes]) if len(known) >= classes > 1 else numbers(classes)


def plain_name(name: str) -> str:
    """A class's name as people say it: no identifier before it, one word for one thing."""
    return re.sub(r"^n\d{8} ", "", name).split(",")[0].replace("_", " ")


def numbers(classes: int) -> tuple[str, ...]:
    """Labels in the place of names."""
    return tuple(map(str, range(classes)))
