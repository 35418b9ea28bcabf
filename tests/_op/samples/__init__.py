"""Sample calls of every operator: recorded ones of the original, and tables written by hand for what it has no recorded call of.

`samples_of(name)` is what generic tests and the coverage page run. A new operator needs a recorded case or one row in a table here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from . import contrib, exceptions, graph, image, indexing, nn, optimizer, quantized
from .recorded import recorded
from .sample import Sample, Sparse, dense_of, is_float

TABLES = (contrib, graph, image, indexing, nn, optimizer, quantized)


#: operators that the original gives no gradient (or none was recorded), and ours do: the inputs that have one
DIFFERENTIABLE: dict[str, tuple[int, ...]] = {
    "_grad_add": (0, 1), "_contrib_box_decode": (0, 1), "_contrib_DeformablePSROIPooling": (0, 2), "_contrib_ModulatedDeformableConvolution": (0, 1, 2, 3),
    "_contrib_RROIAlign": (0,), "khatri_rao": (0, 1), "batch_take": (0,), "fill_element_0index": (0, 1), "_shuffle": (0,),
    "_cvcopyMakeBorder": (0,), "_cvimresize": (0,), "_image_crop": (0,), "_image_flip_left_right": (0,), "_image_flip_top_bottom": (0,),
    "_image_resize": (0,), "_image_to_tensor": (0,), "_image_adjust_lighting": (0,), "_image_random_brightness": (0,),
    "_image_random_contrast": (0,), "_image_random_saturation": (0,), "_image_random_lighting": (0,), "_image_random_hue": (0,),
    "_image_random_color_jitter": (0,), "Crop": (0,), "_backward_gather_nd": (0,),
}  # fmt: skip


def written() -> dict[str, list[Sample]]:
    """The samples written by hand, by operator."""
    found: dict[str, list[Sample]] = defaultdict(list)
    for table in TABLES:
        for s in table.SAMPLES:
            found[s.op].append(s)
    return found


WRITTEN = written()


def samples_of(name: str) -> list[Sample]:
    """All samples of an operator."""
    found = [*recorded().get(name, []), *WRITTEN.get(name, [])]
    places = DIFFERENTIABLE.get(name, ())
    return (
        [replace(s, grad=s.grad or tuple(i for i in places if i < len(s.inputs) and is_float(s.inputs[i]))) for s in found]
        if places
        else found
    )


__all__ = ["exceptions", "Sample", "Sparse", "dense_of", "is_float", "samples_of"]
