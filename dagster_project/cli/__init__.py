"""``bilan``: thin verbs over the functions the assets call. Nothing slow is imported before it is needed."""

import gc
import signal
import sys
import warnings
from typing import NoReturn

import click

from dagster_project.cli import operating, preparing, reading, releases
from dagster_project.cli.french import speak_french
from dagster_project.errors import BilanError, WrongUseError

_EPILOG = "Codes de sortie : 0 fait, 1 échec, 2 mauvais usage, 3 données refusées."
_WHOLE = 200  # characters: no first sentence is longer
_SECTIONS: dict[str, tuple[click.Command, ...]] = {
    "Publier": (
        releases.refresh, releases.status, releases.verify, releases.diff, releases.rollback, releases.rebuild,
    ),
    "Lire": (reading.query, reading.connect, reading.mirror, reading.site, reading.workbook),
    "Remplir raw/ et le contrôler": (
        preparing.fetch, preparing.template, preparing.seal, preparing.new_report, preparing.check_transcription,
        preparing.explain, preparing.errata,
    ),
    "Exploiter": (
        operating.doctor, operating.alert, operating.check, operating.dev, operating.daemon, operating.units,
    ),
}  # fmt: skip


class _InSections(click.Group):
    """A group whose help shows its commands by what they are for."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        longest = max(map(len, self.commands))
        for title, commands in _SECTIONS.items():
            with formatter.section(f"{title} "):
                formatter.write_dl([(str(one.name).ljust(longest), one.get_short_help_str(_WHOLE)) for one in commands])


@click.group(
    cls=_InSections,
    commands=[command for commands in _SECTIONS.values() for command in commands],
    epilog=_EPILOG,
    subcommand_metavar="COMMANDE [ARGUMENTS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def cli() -> None:
    """Bilan : des fichiers des producteurs à des tables dont chaque chiffre se prouve.

    \b
    Exemples :
      bilan refresh                      refait la version publiée si quelque chose a changé
      bilan status                       dit quelle version est servie
      bilan query "select * from marts.budget_line"
    """


def main() -> NoReturn:
    """Entry point: every known failure is a French message and an exit code, never a traceback."""
    speak_french()
    # A service that stops, or a machine that shuts down, interrupts a run as a person does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Importing Dagster and dbt allocates millions of objects that stay: looking for cycles there is a fifth of a run.
    gc.set_threshold(200_000)
    # `requests` silences it itself, unless two threads load it at once.
    warnings.filterwarnings("ignore", message="SOCKS support")
    code = _exit_code()
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is on disk: looking through Dagster's and dbt's objects once more would cost a second.
    gc.freeze()
    sys.exit(code)


def _exit_code() -> int:
    try:
        return cli.main(standalone_mode=False) or 0
    except BilanError as error:
        click.echo(f"\n{error}" if sys.stderr.isatty() else str(error), err=True)
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return WrongUseError.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nInterrompu : rien n'a été publié, la version précédente reste servie.", err=True)
        return 1
    except Exception as error:
        from dagster_project.machine import command_failure

        if (sentence := command_failure(error)) is None:
            raise
        click.echo(sentence, err=True)
        return BilanError.exit_code
