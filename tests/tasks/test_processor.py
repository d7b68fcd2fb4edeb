import platform

from symray.tasks.processor import processor


def test_the_name_is_that_of_the_first_processor(tmp_path):
    (tmp_path / "cpuinfo").write_text(
        "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n\nprocessor\t: 1\nmodel name\t: Other\n"
    )
    assert processor(tmp_path / "cpuinfo") == "Some CPU @ 2 GHz"


def test_generations_of_one_name_are_told_apart(tmp_path):
    for model in (17, 2):
        (tmp_path / "cpuinfo").write_text(
            f"processor\t: 0\ncpu family\t: 25\nmodel\t\t: {model}\nmodel name\t: AMD EPYC\n"
        )
        assert processor(tmp_path / "cpuinfo") == f"AMD EPYC (family 25 model {model})"


def test_without_a_name_it_is_the_architecture(tmp_path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\n")
    for path in (tmp_path / "cpuinfo", tmp_path / "missing"):
        assert processor(path) in (platform.processor(), platform.machine())
