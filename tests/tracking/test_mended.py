"""What somebody has edited in MLflow is written again."""

from symray.record.study_record import StudyRecord
from symray.tracking.client import make_client
from symray.tracking.names import task_of
from symray.tracking.projector import reconcile
from symray.tracking.view import VIEW, view_state


def test_what_was_edited_by_hand_is_written_again(own_copy: StudyRecord) -> None:
    reconcile(own_copy)
    client = make_client()
    experiment = client.get_experiment_by_name("finished")
    found = {task_of(run): run for run in client.search_runs([experiment.experiment_id])}
    study, trial = found["finished"], found["trial-0001"]
    assert [i.dataset.name for i in study.inputs.dataset_inputs] == ["data.npz"]
    assert len(study.outputs.model_outputs) == 1
    client.set_tag(study.info.run_id, "mlflow.note.content", "the best study of all")
    client.set_tag(trial.info.run_id, "symray.rank", "0001")
    client.set_tag(trial.info.run_id, "mlflow.runName", "mine")
    client.set_experiment_tag(experiment.experiment_id, VIEW, "{}")
    client.set_experiment_tag(
        experiment.experiment_id, "mlflow.experimentKind", "genai_development"
    )
    reconcile(own_copy)
    again = {task_of(run): run for run in client.search_runs([experiment.experiment_id])}
    for name in ("finished", "trial-0001"):
        before, after = found[name].data.tags, again[name].data.tags
        plots = {"symray.uploaded.report"}  # Plotly gives its figures new names each time
        assert {k: v for k, v in after.items() if k not in plots} == {
            k: v for k, v in before.items() if k not in plots
        }
    tags = client.get_experiment(experiment.experiment_id).tags
    assert tags[VIEW] == view_state(own_copy.file)
    assert tags["mlflow.experimentKind"] == "custom_model_development"
