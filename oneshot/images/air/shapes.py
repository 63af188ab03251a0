"""What blocks are made for, and made of, whatever their kind."""

from oneshot.images.air.network import AirBlock, AirShape
from oneshot.images.air.transformer import VitBlock, VitShape

ModernShape = AirShape | VitShape
ModernBlock = AirBlock | VitBlock
