"""One exact sentence for each mistake that a study file can hold by itself."""

from pathlib import Path

import pytest

from symray.errors import UserError
from symray.study_file import load_study_file

ALL_KEYS = (
    "checkpoints, code, concurrency, confirmation, constraints, data, extends, model, objectives, "
    "preset, pretraining, pruner, reference, repeats, resources, sampler, search, seed, study, "
    "suite, system_metrics, time_limit, training, trials"
)

EXTRA = [  # what stands in line 6, and what is said of it
    ("trails: 5", "trails: there is no such key; did you mean 'trials'?"),
    ("zzz: 5", f"zzz: there is no such key; valid names: {ALL_KEYS}"),
    ("trials: 0", "trials: must be at least 1, not 0"),
    ("trials: -4", "trials: must be at least 1, not -4"),
    ("trials: five", "trials: must be a whole number, not 'five'"),
    ("trials: 1.5", "trials: must be a whole number, not 1.5"),
    ("trials: true", "trials: must be a whole number, not true"),
    ("concurrency: 0", "concurrency: must be at least 1, not 0"),
    ("seed: -1", "seed: must be at least 0, not -1"),
    (
        "time_limit: 2 weeks",
        "time_limit: '2 weeks' is no duration; write seconds or a number with s, m, h or d",
    ),
    ("time_limit: 0", "time_limit: must be greater than 0, not 0"),
    ("resources: {gpus: 1}", "resources.gpus: there is no such key; did you mean 'gpu'?"),
    ("resources: {gpu: -1}", "resources.gpu: must be at least 0, not -1"),
    (
        "resources: {gpu: 1.5}",
        "resources.gpu: must be a fraction of one GPU or a whole number of them, not 1.5",
    ),
    ("resources: {cpu: .nan}", "resources.cpu: must be a finite number, not nan"),
    ("resources: 5", "resources: must be a mapping, not 5"),
    ("preset: papr", "preset: 'papr' is not allowed; did you mean 'paper'?"),
    ("sampler: tpf", "sampler.name: 'tpf' is not allowed; did you mean 'tpe'?"),
    (
        "sampler: {startup: 4}",
        "sampler.startup: there is no such key; did you mean 'startup_trials'?",
    ),
    ("pruner: 5", "pruner: must be a pruner's name or a mapping of its options, not 5"),
    ("confirmation: {top: -1}", "confirmation.top: must be at least 0, not -1"),
    (
        "checkpoints: {every: soon}",
        "checkpoints.every: 'soon' is no duration; write seconds or a number with s, m, h or d",
    ),
    ("training: [1]", "training: must be a mapping of names to values, not [1]"),
    ("training: {epochs: five}", "training.epochs: must be a number, not 'five'"),
    ("training: {learning_rate: .inf}", "training.learning_rate: must be a number, not inf"),
    ("reference: 5", "reference: must be true, false or a mapping of settings to values, not 5"),
    ("study: x", "study: stands here a second time, first in line 1; keep one of the two"),
    ("extends: nope.yaml", "extends: there is no file nope.yaml"),
    ("extends: s.yaml", "extends: s.yaml extends this file in turn; break the ring"),
    ("extends: [a]", "extends: must name one file, not ['a']"),
    ("system_metrics: 5", "system_metrics: 5 is not allowed; valid names: auto, off, on"),
    ("suite: [stib]", "suite: stands beside a model; keep one of the two"),
    ("objectives: mi_z0_y", "objectives: must be a mapping of names to values, not 'mi_z0_y'"),
    (
        "objectives: {x_mae: min}",
        "objectives.x_mae: 'min' is not allowed; valid names: maximize, minimize",
    ),
    ("? [a]\n: 3", "a key must be a plain word"),
    ("code: !!python/name:os.system x", "code: 'x' is no plain value"),
    (
        "trials: 010",
        "trials: '010' is read as 8 by YAML; write 8, or 10 if that is meant, or "
        "quotes around a text",
    ),
    (
        "training: {epochs: 1:30}",
        "training.epochs: '1:30' is read as 90 by YAML; write 90, or quotes around a text",
    ),
    (
        "trials: 1_000",
        "trials: '1_000' is read as 1000 by YAML; write 1000, or quotes around a text",
    ),
    ("trials: 0b11", "trials: '0b11' is read as 3 by YAML; write 3, or quotes around a text"),
    ("trials: 0x1F", "trials: '0x1F' is read as 31 by YAML; write 31, or quotes around a text"),
    (
        "training: {learning_rate: 1_0.5}",
        "training.learning_rate: '1_0.5' is read as 10.5 by YAML; "
        "write 10.5, or quotes around a text",
    ),
    ("seed: 2026-11-28", "seed: '2026-11-28' is a date in YAML; write it in quotes, or a number"),
    (
        "seed: 99999999999999999999",
        "seed: '99999999999999999999' is too large a whole number; 9007199254740992 is the largest",
    ),
    (
        "time_limit: 1:30:00",
        "time_limit: '1:30:00' is read as 5400 by YAML; write 5400, or quotes around a text",
    ),
    ("<<: 5", "<< takes a mapping or a list of them, as in <<: *name"),
    ("extends: " + "x" * 5000, "extends: there is no file " + "x" * 77 + "..." + "x" * 40),
    ("training: &a {b: *a}", "nested deeper than any study file"),
    (
        "  bad: [",
        "not valid YAML: expected <block end>, but found '<block mapping start>'",
    ),
]

SEARCH = [  # beta's entry in line 4, and what is said of it
    ("5", ": must be {low: ..., high: ...} or {choice: [...]}, not 5"),
    ("{low: 1}", ".high: missing: largest value"),
    ("{low: 1, hihg: 4}", ".hihg: there is no such key; did you mean 'high'?"),
    ("{low: 5, high: 1}", ": low (5) must be smaller than high (1)"),
    ("{low: 5, high: 5}", ": low (5) must be smaller than high (5)"),
    (
        "{low: 0, high: 1, log: true}",
        ": a logarithmic range starts above 0, not at 0; raise low or drop log",
    ),
    ("{low: a, high: 1}", ".low: must be a number, not 'a'"),
    ("{low: true, high: 4}", ".low: must be a number, not true"),
    ("{low: .nan, high: 4}", ".low: must be a number, not nan"),
    ("{low: 1, high: 10, step: -1}", ".step: must be greater than 0, not -1"),
    (
        "{low: 1, high: 10, step: 4}",
        ": steps of 4 from 1 do not end at 10; the nearest high is 9",
    ),
    (
        "{low: 0, high: 1, step: 1.0e-300}",
        ": steps of 1e-300 make more than 1000000 values between 0 and 1; give a larger step, or "
        "none for a continuum",
    ),
    ("{low: 1, high: 10, step: 40}", ": a step of 40 is wider than the range 1 to 10"),
    (
        "{low: 1, high: 9, step: 1, log: true}",
        ": step and log exclude each other; drop one of the two",
    ),
    (
        "{low: 1, high: 4, choice: [1, 2]}",
        ".low: stands beside a choice; keep either {low: ..., high: ...} or {choice: [...]}",
    ),
    ("{choice: []}", ".choice: must be a list with at least one value, not []"),
    ("{choice: 4}", ".choice: must be a list, not 4"),
    ("{choice: [1, 2, 1.0]}", ": 1.0 stands twice among the choices"),
    ("{choice: [1, x]}", ".choice[1]: must be a number, not 'x'"),
]

KEYS = [  # one of the first five lines, and what is said
    ({"study": "study: a b"}, "s.yaml:1: study: 'a b' is no name; use letters, digits, - _ . and "
     "begin with a letter or digit"),
    ({"study": "study: .."}, "s.yaml:1: study: '..' is no name; use letters, digits, - _ . and "
     "begin with a letter or digit"),
    ({"study": "study: no"}, "s.yaml:1: study: must be a text, not false; 'no' is no text to YAML, "
     "put it in quotes"),
    ({"study": "study: 1.10"}, "s.yaml:1: study: must be a text, not 1.1; '1.10' is no text to "
     "YAML, put it in quotes"),
    ({"study": "study: " + "a" * 101}, "s.yaml:1: study: '" + "a" * 56 + "... has 101 characters; "
     "a name may have 100"),
    ({"data": "data: {csv: a, smiles: on}"}, "s.yaml:3: data.smiles: must be a text, not true; "
     "'on' is no text to YAML, put it in quotes"),
    ({"study": "study: 5"}, "s.yaml:1: study: must be a text, not 5"),
    ({"study": ""}, "s.yaml: study: missing: name of the study, in the record, in MLflow and on "
     "the command line"),
    ({"data": "data: [1]"}, "s.yaml:3: data: must be a data set's name, {npz: FILE, "
     "...}, {csv: FILE, ...} or {dsprites: [...]}, not [1]"),
    ({"data": "data: {x: a}"}, "s.yaml:3: data.npz: missing: the file, relative to the study file"),
    ({"data": "data: {npz: a, images: x, factor: f}"}, "s.yaml:3: data.factor: there is no such "
     "key; did you mean 'factors'?"),
    ({"data": "data: {dsprite: [1, 1, 4, 2, 2]}"}, "s.yaml:3: data.dsprite: there is no such key; "
     "did you mean 'dsprites'?"),
    ({"data": "data: {csv: a, smile: b}"}, "s.yaml:3: data.smile: there is no such key; did you "
     "mean 'smiles'?"),
    ({"data": "data: {dsprites: 4}"}, "s.yaml:3: data.dsprites: must be a list, not 4"),
    ({"data": "data: {dsprites: [1, 1, 4, 2, 0]}"}, "s.yaml:3: data.dsprites[4]: must be at least "
     "1, not 0"),
    ({"data": "data: {images: x}"}, "s.yaml:3: data.npz: missing: the file, relative to the study "
     "file"),
    ({"constraints": "constraints: x_mae <= 1"}, "s.yaml:5: constraints: must be a list, not "
     "'x_mae <= 1'"),
    ({"constraints": "constraints: [5]"}, "s.yaml:5: constraints[0]: a constraint is a text such "
     "as 'x_mae <= 0.8', not 5"),
    ({"constraints": "constraints: ['x_mae < 0.8']"}, "s.yaml:5: constraints[0]: 'x_mae < 0.8' is "
     "no constraint; write METRIC <= NUMBER or METRIC >= NUMBER, as in x_mae <= 0.8"),
    ({"model": "suite: [stib, vea]"}, "s.yaml:2: suite[1]: there is no model 'vea'; did you mean "
     "'vae'? (an own model is written package.module:Class)"),
    ({"model": "suite: [stib, stib]"}, "s.yaml:2: suite[1]: stib stands twice in the suite"),
    ({"model": "suite: []"}, "s.yaml:2: suite: must be a list of models, as in [stib, vae]"),
]  # fmt: skip

OVERRIDES = [
    ("trials", "--set trials: write --set KEY=VALUE, as in --set training.epochs=5"),
    (".a=3", "--set .a=3: write --set KEY=VALUE, as in --set training.epochs=5"),
    ("trials=[", "--set trials=[: trials: '[' is not a YAML value"),
    ("trials=0", "--set trials=0: trials: must be at least 1, not 0"),
    (
        "trials=010",
        "--set trials=010: trials: '010' is read as 8 by YAML; write 8, or 10 if that is "
        "meant, or quotes around a text",
    ),
    ("trials.x=1", "--set trials.x=1: trials: must be a whole number, not {'x': 1}"),
    ("extends=a", "--set extends=a: extends belongs into the file; override single keys here"),
    (
        "search.beta.hi=3",
        "--set search.beta.hi=3: search.beta.hi: there is no such key; did you mean 'high'?",
    ),
    ("search.beta.high=0.5", "s.yaml:4: search.beta: low (1) must be smaller than high (0.5)"),
]


@pytest.mark.parametrize(("line", "said"), EXTRA)
def test_a_bad_line(load, line, said):
    with pytest.raises(UserError) as error:
        load(line)
    assert str(error.value) == f"s.yaml:6: {said}"


@pytest.mark.parametrize(("entry", "said"), SEARCH)
def test_a_bad_search_entry(load, entry, said):
    with pytest.raises(UserError) as error:
        load(search=f"search: {{beta: {entry}}}")
    assert str(error.value) == f"s.yaml:4: search.beta{said}"


@pytest.mark.parametrize(("keys", "said"), KEYS)
def test_a_bad_key(load, keys, said):
    with pytest.raises(UserError) as error:
        load(**keys)
    assert str(error.value) == said


@pytest.mark.parametrize(("override", "said"), OVERRIDES)
def test_a_bad_override(load, override, said):
    with pytest.raises(UserError) as error:
        load(overrides=[override])
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "s.yaml:1: a study file consists of keys and values, as in study: NAME"),
        (b"- 5", "s.yaml:1: a study file consists of keys and values, as in study: NAME"),
        (b"\xff\xfe", "s.yaml: is no text in UTF-8, as a study file must be"),
        (b"a: \x00", "s.yaml: not valid YAML: unacceptable character #x0000: special characters "
         "are not allowed"),
        (b"a: 1\nb: [1", "s.yaml:2: not valid YAML: expected ',' or ']', but got '<stream end>'"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_study(write, content, said):
    path = write()
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        load_study_file(path)
    assert str(error.value) == said


def test_a_file_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"^nope.yaml: there is no such study file$"):
        load_study_file(Path("nope.yaml"))
    with pytest.raises(UserError, match=r"^\.: can't be read: Is a directory$"):
        load_study_file(Path())
