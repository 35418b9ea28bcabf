"""Operator definitions. Importing this package registers all of them."""
from . import activation
from . import batch_norm
from . import convolution
from . import dropout
from . import embedding
from . import fully_connected
from . import loss_output
from . import normalization
from . import pooling
from . import resize
from . import softmax
from . import softmax_output
