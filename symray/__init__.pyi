from symray.api.building import study as study
from symray.api.launching import launch as launch
from symray.api.launching import launch_suite as launch_suite
from symray.api.model import TrainedModel as TrainedModel
from symray.api.model import load_model as load_model
from symray.api.report import write_report as write_report
from symray.api.study import Study as Study
from symray.api.study import compare as compare
from symray.api.study import open as open
from symray.api.study import studies as studies
from symray.errors import UserError as UserError
from symray.report.compare import Comparison as Comparison
from symray.study_file import StudyFile as StudyFile

__version__: str
__all__: list[str]
