import { contain } from '../contain.ts'
import { RULES } from '../seccomp-filter.ts'
import { serveEngine } from '../serve-engine.ts'
import { ATTEMPTS, type Control, type Surroundings, WITHOUT } from './attempts.ts'

/**
 * An engine that somebody has taken over, contained without one of the controls. It is sent an attempt's number instead of an
 * image.
 */
export function serveHostileEngine(without?: Control): Promise<never> {
  return serveEngine({ name: 'sharp', develop: attempt }, (inherited) =>
    contain(without === 'inherited descriptors' ? [] : inherited, [
      ...(without ? (WITHOUT[without] ?? []) : []),
      ...RULES,
    ]),
  )
}

/** The answer is an error, which is the shortest way out. */
async function attempt(original: Uint8Array): Promise<never> {
  const { index, surroundings }: { index: number; surroundings: Surroundings } = JSON.parse(
    Buffer.from(original).toString(),
  )
  throw new Error(await outcomeOf(index, surroundings))
}

async function outcomeOf(index: number, surroundings: Surroundings): Promise<string> {
  try {
    await ATTEMPTS[index]?.attempt(surroundings)
    return 'succeeds'
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code ?? message
  }
}
