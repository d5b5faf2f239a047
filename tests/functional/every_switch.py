"""Every switch of what AWS does not document, off its default, as test parameters."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import strategies as st

from emulator.core.switches import SWITCHES, SwitchValue

Switches = Mapping[str, SwitchValue]

EACH_SWITCH = pytest.mark.parametrize(
    "switches",
    [
        pytest.param({name: value}, id=f"{name} is {value}")
        for name, switch in SWITCHES.items()
        for value in switch.allowed
        if value != switch.default
    ],
)
COMBINATIONS: st.SearchStrategy[dict[str, SwitchValue]] = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(each.allowed) for name, each in SWITCHES.items()}
)
