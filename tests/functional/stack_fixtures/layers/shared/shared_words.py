"""What a layer brings along."""

GREETING = "hello from the layer"
