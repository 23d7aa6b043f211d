"""Hypothesis strategies that several test files share."""

from __future__ import annotations

from hypothesis import strategies as st

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["sigma", "additive", "none", "truth", "1e400", "!!python/object:os.system", "no.such:Thing", ":"]
    ),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4),
    max_leaves=8,
)
"""Anything that YAML can say."""


@st.composite
def components(draw, k):
    """Weights, means and variances of k components, some of them extreme."""
    shares = draw(st.lists(st.integers(1, 20), min_size=k, max_size=k))
    scale = draw(st.sampled_from([1e-12, 1.0, 1e12]))
    return {
        "weights": [share / sum(shares) for share in shares],
        "means": draw(st.lists(st.floats(-5, 5).map(lambda x: x * scale), min_size=k, max_size=k)),
        "variances": draw(st.lists(st.sampled_from([1e-100, 1e-9, 0.1, 4.0, 1e9, 1e100]), min_size=k, max_size=k)),
    }


@st.composite
def configs(draw):
    """Valid configs that run fast, extreme ones among them."""
    k = draw(st.integers(1, 4))
    size = draw(st.sampled_from([1, 2, 3, 10, 25]))
    starts = ["moments", "truth"] + (["random-points"] if size >= k else [])
    return {
        "name": "any",
        "mixture": draw(components(k)),
        "sample_size": size,
        "estimate": draw(st.lists(st.sampled_from(["weights", "means", "variances"]), min_size=1, unique=True)),
        "start": draw(st.sampled_from(starts) | components(k)),
        "noise": {
            "injection": draw(st.sampled_from(["additive", "multiplicative"])),
            "screen": draw(st.sampled_from(["every-component", "posterior-average", "none"])),
            "on_reject": draw(st.sampled_from(["redraw", "drop"])),
            "decay": draw(st.sampled_from([0, 0.5, 2, 1e300])),
        },
        "stop": {
            "rule": draw(st.sampled_from(["euclidean", "max-change", "log-likelihood"])),
            "tol": draw(st.sampled_from([0.1, 1, 2, 300])),
            "max_iterations": draw(st.sampled_from([1, 5, 20])),
        },
        "sweep": {"sigma": draw(st.lists(st.sampled_from([0, 1e-9, 0.5, 3, 1e15]), min_size=1, max_size=3))},
        "trials": draw(st.integers(2, 5)),
        "bootstrap": {"resamples": 20, "confidence": draw(st.sampled_from([1e-9, 0.5, 0.95]))},
    }


@st.composite
def broken_configs(draw):
    """Valid configs with one to three values replaced by junk, or keys added."""
    tree = draw(configs())
    for _ in range(draw(st.integers(1, 3))):
        node = tree
        while True:
            key = draw(st.sampled_from([*map(str, node), "extra"]))
            if isinstance(node.get(key), dict) and node[key] and draw(st.booleans()):
                node = node[key]
                continue
            node[key] = draw(junk)
            break
    return tree
