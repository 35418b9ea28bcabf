"""Shared part of the system reference corpus: case running, value encoding, comparison.

A case is one JSON object {"id", "area", "family", "args", optional "rtol"/"atol"}.  Its family is a
Python function in families/*.py that uses only public mxnet API and numpy and returns a tree of
values.  The recording stored the tree that an original MXNet returned; replay.py runs the same
function on the implementation under test and compares.

Runs on Python 3.6+ and numpy 1.13+ (so that the originals can run it) and on numpy 2.
"""
import base64
import contextlib
import glob
import importlib.util
import io
import json
import os
import shutil
import signal
import sys
import tempfile
import zlib

import numpy as np

import mxnet as mx

HERE = os.path.dirname(os.path.abspath(__file__))
FAMILIES = {}
UNLOADED = []                                                  # families that could not be imported, with the reason
DEFAULT_RTOL, DEFAULT_ATOL = 1e-4, 1e-5
INLINE = 48          # arrays of up to this many elements are written into the JSON itself


def family(fn):
    assert fn.__name__ not in FAMILIES, 'duplicate family ' + fn.__name__
    FAMILIES[fn.__name__] = fn
    return fn


# ---------------------------------------------------------------- inputs

def rs(seed):
    """numpy's frozen legacy generator: the same numbers on every numpy version."""
    return np.random.RandomState(seed)


def arr(seed, shape, lo=-1.0, hi=1.0, dtype='float32'):
    return np.asarray(rs(seed).uniform(lo, hi, tuple(shape))).astype(dtype)


def ints(seed, shape, lo, hi, dtype='float32'):
    return np.asarray(rs(seed).randint(lo, hi, tuple(shape))).astype(dtype)


def nda(seed, shape, lo=-1.0, hi=1.0, dtype='float32'):
    return mx.nd.array(arr(seed, shape, lo, hi, dtype), dtype=dtype)


def sparse_np(seed, shape, density=0.3, dtype='float32'):
    r = rs(seed)
    a = r.uniform(-1, 1, tuple(shape))
    a[r.uniform(0, 1, tuple(shape)) > density] = 0
    return a.astype(dtype)


def rsp_np(seed, shape, rows, dtype='float32'):
    a = np.zeros(tuple(shape), dtype)
    a[list(rows)] = arr(seed, (len(rows),) + tuple(shape[1:]), dtype=dtype)
    return a


def det_fill(name, shape, dtype='float32'):
    """Parameter filling that depends on the name and the shape only.

    gamma / running_var / moving_var: uniform in [0.5, 1.5); beta, bias, running_mean, moving_mean:
    uniform in [-0.1, 0.1); everything else: uniform in +-sqrt(6 / fan_in), where fan_in is the product
    of all axes but the first (the size itself for 1-d and 0-d arrays).
    The generator is numpy RandomState(crc32(name) mod 2**31).
    """
    shape = tuple(int(s) for s in shape)
    r = np.random.RandomState(zlib.crc32(name.encode()) % (2 ** 31))
    if name.endswith(('gamma', 'running_var', 'moving_var')):
        a = r.uniform(0.5, 1.5, shape)
    elif name.endswith(('beta', 'bias', 'running_mean', 'moving_mean')):
        a = r.uniform(-0.1, 0.1, shape)
    else:
        fan = int(np.prod(shape[1:])) if len(shape) > 1 else int(np.prod(shape))
        b = (6.0 / max(fan, 1)) ** 0.5
        a = r.uniform(-b, b, shape)
    return np.asarray(a).astype(dtype)


def det_set(params, dtype=None):
    """Sets every gluon parameter of a ParameterDict to det_fill(its name, its shape)."""
    for name, p in params.items():
        p.set_data(mx.nd.array(det_fill(name, p.shape, dtype or p.dtype), dtype=dtype or p.dtype))


# ---------------------------------------------------------------- values

class Tol(object):
    """A value with its own tolerances."""
    def __init__(self, value, rtol=0.0, atol=0.0):
        self.value, self.rtol, self.atol = value, rtol, atol


def err(fn, *args, **kwargs):
    """Runs fn and waits for it; the result names the exception class that it raised."""
    try:
        out = fn(*args, **kwargs)
        for o in (out if isinstance(out, (list, tuple)) else [out]):
            if hasattr(o, 'wait_to_read'):
                o.wait_to_read()
        mx.nd.waitall()
    except Exception as e:                                    # pylint: disable=broad-except
        return {'__err__': [c.__name__ for c in type(e).__mro__ if c.__name__ not in ('object', 'BaseException')]}
    return {'__err__': []}


def sp(x):
    """All parts of a (possibly sparse) NDArray."""
    st = x.stype
    if st == 'csr':
        return {'stype': st, 'shape': list(x.shape), 'data': x.data.asnumpy(),
                'indices': x.indices.asnumpy(), 'indptr': x.indptr.asnumpy()}
    if st == 'row_sparse':
        return {'stype': st, 'shape': list(x.shape), 'data': x.data.asnumpy(), 'indices': x.indices.asnumpy()}
    return {'stype': st, 'data': x.asnumpy()}


def norm(v):
    """Turns what a family returned into plain Python values and numpy arrays."""
    if isinstance(v, Tol):
        return {'__tol__': [v.rtol, v.atol], 'v': norm(v.value)}
    if isinstance(v, mx.nd.NDArray) or (hasattr(v, 'asnumpy') and hasattr(v, 'stype')):
        return sp(v) if getattr(v, 'stype', 'default') != 'default' else v.asnumpy()
    if isinstance(v, np.ndarray):
        return v
    if isinstance(v, np.bool_):
        return bool(v)
    if isinstance(v, np.dtype):
        return v.name
    if isinstance(v, type) and issubclass(v, np.generic):
        return np.dtype(v).name
    if isinstance(v, np.integer):
        return int(v)
    if isinstance(v, np.floating):
        return float(v)
    if isinstance(v, dict):
        return {str(k): norm(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return [norm(x) for x in v]
    if isinstance(v, (bytes, bytearray)):
        return np.frombuffer(bytes(v), np.uint8)
    if v is None or isinstance(v, (str, bool, int, float)):
        return v
    return {'__repr__': type(v).__name__}


def encode(v, store, path):
    """Plain values to JSON; larger arrays go into store (an npz) under their path."""
    if isinstance(v, np.ndarray):
        if v.size <= INLINE:
            if v.dtype.kind == 'f':
                lst = [float(str(x)) for x in v.ravel()]
            elif v.dtype.kind == 'b':
                lst = [bool(x) for x in v.ravel()]
            else:
                lst = [int(x) for x in v.ravel()]
            return {'__a__': v.dtype.name, 's': list(v.shape), 'd': lst}
        store[path] = v
        return {'__npz__': path}
    if isinstance(v, dict):
        return {k: encode(x, store, path + '/' + k) for k, x in v.items()}
    if isinstance(v, list):
        return [encode(x, store, path + '/' + str(i)) for i, x in enumerate(v)]
    return v


def decode(v, npz):
    if isinstance(v, dict):
        if '__a__' in v:
            return np.array(v['d'], dtype='float64' if v['__a__'].startswith('float') else None) \
                .astype(v['__a__']).reshape(v['s'])
        if '__npz__' in v:
            return npz[v['__npz__']]
        return {k: decode(x, npz) for k, x in v.items()}
    if isinstance(v, list):
        return [decode(x, npz) for x in v]
    return v


def _num(x):
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def compare(want, got, rtol, atol, path, out):
    """Appends one line per difference to out."""
    if len(out) > 20:
        return
    if isinstance(want, dict) and '__tol__' in want:
        if isinstance(got, dict) and '__tol__' in got:
            got = got['v']
        return compare(want['v'], got, want['__tol__'][0], want['__tol__'][1], path, out)
    if isinstance(want, dict) and '__err__' in want:
        g = got.get('__err__') if isinstance(got, dict) else None
        if g is None:
            out.append('%s: expected an error record' % path)
        elif not want['__err__']:
            if g:
                out.append('%s: raised %s, expected no error' % (path, g[0]))
        elif want['__err__'][0] not in g:
            out.append('%s: raised %s, expected %s' % (path, g[0] if g else 'nothing', want['__err__'][0]))
        return
    if isinstance(want, np.ndarray):
        if not isinstance(got, np.ndarray):
            out.append('%s: expected an array, got %s' % (path, type(got).__name__))
        elif want.shape != got.shape:
            out.append('%s: shape %s, expected %s' % (path, got.shape, want.shape))
        elif want.dtype != got.dtype:
            out.append('%s: dtype %s, expected %s' % (path, got.dtype, want.dtype))
        elif want.dtype.kind in 'fc':
            w, g = want.astype('float64'), got.astype('float64')
            ok = np.isclose(g, w, rtol=rtol, atol=atol, equal_nan=True)
            if not ok.all():
                with np.errstate(invalid='ignore'):
                    d = np.abs(g - w)
                out.append('%s: %d of %d values differ, largest difference %.4g (expected max |x| %.4g)'
                           % (path, (~ok).sum(), ok.size, np.nanmax(d), np.nanmax(np.abs(w))))
        elif want.dtype.kind in 'iu' and atol >= 1:
            if (np.abs(want.astype('int64') - got.astype('int64')) > atol).any():
                out.append('%s: integers differ by more than %g' % (path, atol))
        elif not np.array_equal(want, got):
            out.append('%s: %d of %d values differ' % (path, (want != got).sum(), want.size))
        return
    if isinstance(want, dict):
        if not isinstance(got, dict):
            out.append('%s: expected a dict, got %s' % (path, type(got).__name__))
            return
        if set(want) != set(got):
            out.append('%s: missing %s, unexpected %s' % (path, sorted(set(want) - set(got))[:6],
                                                          sorted(set(got) - set(want))[:6]))
        for k in want:
            if k in got:
                compare(want[k], got[k], rtol, atol, path + '/' + k, out)
        return
    if isinstance(want, list):
        if not isinstance(got, list):
            out.append('%s: expected a list, got %s' % (path, type(got).__name__))
        elif len(want) != len(got):
            out.append('%s: length %d, expected %d' % (path, len(got), len(want)))
        else:
            for i, (w, g) in enumerate(zip(want, got)):
                compare(w, g, rtol, atol, '%s/%d' % (path, i), out)
        return
    if _num(want) and _num(got):
        if isinstance(want, int) and isinstance(got, int):
            if want != got:
                out.append('%s: %r, expected %r' % (path, got, want))
        elif not np.isclose(got, want, rtol=rtol, atol=atol, equal_nan=True):
            out.append('%s: %r, expected %r' % (path, got, want))
        return
    if type(want) is not type(got) or want != got:
        out.append('%s: %r, expected %r' % (path, _short(got), _short(want)))


def _short(v):
    s = v if isinstance(v, str) else repr(v)
    return s if len(s) < 200 else s[:200] + '...'


# ---------------------------------------------------------------- running

class Context(object):
    """What a family gets as its first argument."""
    def __init__(self, directory):
        self.dir = directory
        self.tmp = tempfile.mkdtemp(prefix='mxref')

    def file(self, name):
        return os.path.join(self.dir, 'files', *name.split('/'))

    def path(self, name):
        return os.path.join(self.tmp, name)

    def close(self):
        shutil.rmtree(self.tmp, ignore_errors=True)


class Timeout(Exception):
    pass


@contextlib.contextmanager
def time_limit(seconds):
    def ring(_s, _f):
        raise Timeout('longer than %d s' % seconds)
    if not seconds or not hasattr(signal, 'SIGALRM'):
        yield
        return
    old = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)


def run_case(case, directory, limit=300):
    ctx = Context(directory)
    try:
        with time_limit(limit):
            np.random.seed(0)
            mx.random.seed(0)
            with mx.name.NameManager():
                if case['family'] not in FAMILIES:
                    raise ImportError('family not loaded (%s)' % '; '.join(UNLOADED))
                out = FAMILIES[case['family']](ctx, **case.get('args', {}))
                out = norm(out)
            mx.nd.waitall()
        return out
    finally:
        ctx.close()


def load_families(directory):
    seen = set()
    for d in (HERE, directory):
        for f in sorted(glob.glob(os.path.join(d, 'families', '*.py'))):
            f = os.path.realpath(f)
            if f in seen:
                continue
            seen.add(f)
            name = 'families_' + os.path.basename(f)[:-3]
            spec = importlib.util.spec_from_file_location(name, f)
            mod = importlib.util.module_from_spec(spec)
            sys.modules[name] = mod
            try:
                spec.loader.exec_module(mod)
            except Exception as e:                             # pylint: disable=broad-except
                UNLOADED.append('%s: %s: %s' % (os.path.basename(f), type(e).__name__, e))


def load_cases(directory, areas=None):
    out = []
    for f in sorted(glob.glob(os.path.join(directory, 'cases', '*.json'))):
        area = os.path.basename(f)[:-5]
        if areas and area not in areas:
            continue
        with open(f) as fh:
            for c in json.load(fh):
                c['area'] = area
                out.append(c)
    return out


class Capture(object):
    """Collects logging records of the root logger as text lines."""
    def __enter__(self):
        import logging
        self.lines = []
        outer = self

        class H(logging.Handler):
            def emit(self, record):
                outer.lines.append(record.getMessage())
        self.h = H()
        self.log = logging.getLogger()
        self.level = self.log.level
        self.log.setLevel(logging.DEBUG)
        self.log.addHandler(self.h)
        return self

    def __exit__(self, *a):
        self.log.removeHandler(self.h)
        self.log.setLevel(self.level)


@contextlib.contextmanager
def quiet_stdout():
    old, sys.stdout = sys.stdout, io.StringIO()
    try:
        yield sys.stdout
    finally:
        sys.stdout = old
