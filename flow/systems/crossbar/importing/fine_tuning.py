"""Train an imported network further, as the chip learns, and keep the best of the passes."""

from __future__ import annotations

from dataclasses import replace

from remora.flow.report.console import progress
from remora.flow.systems.crossbar.learning_kernel import learning_kernel
from remora.golden.data.load import SequenceSet
from remora.golden.learning.checkpoint import Checkpoint
from remora.golden.learning.replay import ReplayTrainer
from remora.golden.learning.training import accuracy, train
from remora.spec.crossbar.design import DesignPoint


def fine_tune(
    design: DesignPoint, network: Checkpoint, training: SequenceSet, compared: SequenceSet, passes: int
) -> tuple[Checkpoint, tuple[float, ...]]:
    """Train for so many passes over ``training``.

    Returns:
        The network after the pass that decides most of ``compared`` rightly, which may be the one before the first; and
        the shares that it decides rightly before the first pass and after each.

    Raises:
        KernelError: there is no such kernel here.
    """
    best = network
    reached = [accuracy(design, network.weights, compared, network.coefficients)]
    trainer = ReplayTrainer.from_checkpoint(design, network, learning_kernel())
    with progress("fine-tuning", passes * len(training), "sequences") as advance:
        for result in train(trainer, training, passes, compared, advance):
            assert result.test_accuracy is not None
            if result.test_accuracy > max(reached):
                best = trainer.checkpoint(network.metadata | {"fine_tuned_passes": result.number})
            reached.append(result.test_accuracy)
    return replace(best, remarks=network.remarks), tuple(reached)
