"""From collections to arrays: reading, labelling, splitting, and what can be told of pictures without a network."""
