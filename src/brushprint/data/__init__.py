"""From collections to arrays: reading, labelling and splitting pictures, and measuring them without a network."""
