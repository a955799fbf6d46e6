"""Train a small torch model with Optimus, a `torch.optim.Optimizer` like any other but for its closure.

    python examples/04_torch_model.py

It is made for a few thousand parameters at most and for losses that are dear to evaluate.
"""

import torch

from motionrecon.optimus import Optimus

torch.manual_seed(0)
x = torch.linspace(0, 1, 50)[:, None]
target = torch.sin(6 * x)
model = torch.nn.Sequential(torch.nn.Linear(1, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
optimizer = Optimus(model.parameters(), evaluations=100)


def closure() -> torch.Tensor:
    """The loss, and its gradient in the parameters."""
    optimizer.zero_grad()
    loss = (model(x) - target).square().mean()
    loss.backward()
    return loss


first = closure().item()
for _ in range(100):
    optimizer.step(closure)
print(f"loss {first:.3g} -> {float(optimizer.best_loss):.3g}")  # the best parameters so far are in the model
