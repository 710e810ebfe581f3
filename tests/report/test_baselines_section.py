"""The section of the page about the baselines."""

import re

from pipeline.report.score_figures import baselines
from pipeline.runs.record import BaselineScore


def test_a_gain_is_shown_with_its_standard_error_and_what_it_is_over(page_path):
    section = page_path.read_text(encoding="utf-8").partition('id="baselines"')[2]
    table = re.sub("<[^>]+>", " ", section.partition("</section>")[0])
    assert re.search(
        r"mlp\s+a model\s+0.2500\s+−0.0123 ± 0.0045\s+over mean-price", table
    )
    # The last is as older versions wrote it, without a gain.
    assert re.search(r"train\s+a model\s+0.2000\s*$", table)


def test_the_picture_has_the_mean_price_and_names_the_lowest():
    scores = [
        BaselineScore(name, "", [], mean, std, mean, 0.0, None)
        for name, mean, std in (
            ("mean-price", 0.4, 0.03),
            ("linear", 0.12, 0.02),
            ("worse", 0.14, 0.2),  # its mean minus its sd is below zero
        )
    ]
    drawing = baselines(scores)
    assert drawing.desc == "The lowest is linear at 0.1200; mean-price has 0.4000."
    names = [each.text for each in drawing.texts if each.kind == "row"]
    assert names == ["mean-price", "linear", "worse"]
    assert sum(each.kind == "range" for each in drawing.paths) == 3
