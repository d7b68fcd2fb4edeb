"""What is seen to before there is a study: once there is one, its file can't be mended any more."""

from symray.data import load_data
from symray.driver.disk_space import check_disk_space
from symray.record.home import make_study_folder
from symray.record.study_folder import identity
from symray.record.study_record import StudyRecord
from symray.scheduling.cluster.attached import as_many_as_fit, check_resources
from symray.search.progress import Progress
from symray.study_file import StudyFile
from symray.tracking.address import check_tracking_address
from symray.tracking.client import check_experiment_is_free


def check_launch(file: StudyFile, progress: Progress) -> None:
    """See that the study of ``file`` can be launched, what costs least first; starts Ray.

    Raises:
        UserError: the name is taken, the data, MLflow's address or the machine won't do, or the
            disk has no room.
    """
    StudyRecord.check_name_is_free(file.study)
    load_data(file.data_spec())
    tracking = check_tracking_address()
    check_resources(file.resources, progress.message)
    folder = make_study_folder(file.study)
    pack = file.resources.pack
    at_a_time = as_many_as_fit(file.resources) * (pack if isinstance(pack, int) else 1)
    check_disk_space(file, min(file.trials, file.concurrency or at_a_time), progress)
    if not tracking.away:
        check_experiment_is_free(file.study, identity(folder))
