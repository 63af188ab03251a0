"""NoProp on images: chains of blocks that each learn alone to denoise a label embedding."""
