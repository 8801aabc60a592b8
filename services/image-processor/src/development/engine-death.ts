import type { ProblemError } from '@darkroom/core'

// Apart from develop.ts: the queue's consumer does not load what develops.

/**
 * The engine's process died or exceeded its limits while it developed an image, and developed another one without trouble
 * right afterwards. Once can be bad luck. If it happens again in another receive, the image is at fault, with `problem`.
 */
export class EngineDeath extends Error {
  override name = 'EngineDeath'
  readonly problem: ProblemError

  constructor(problem: ProblemError) {
    super(problem.message, { cause: problem.cause })
    this.problem = problem
  }
}
