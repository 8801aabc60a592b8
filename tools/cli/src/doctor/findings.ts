/** What a check found. */
export interface Finding {
  level: 'ok' | 'warning' | 'problem'
  text: string
  /** What to do. */
  advice?: string
}

/** A check by its title. It may find several things. */
export type Check = [title: string, find: () => Promise<Finding[]>]

/** A check with its findings. */
export interface Checked {
  title: string
  findings: Finding[]
}

export const ok = (text: string): Finding => ({ level: 'ok', text })
export const warning = (text: string, advice: string): Finding => ({ level: 'warning', text, advice })
export const problem = (text: string, advice: string): Finding => ({ level: 'problem', text, advice })

/** Runs the checks at the same time. One that fails is a warning, and does not keep the others from running. */
export function runChecks(checks: Check[]): Promise<Checked[]> {
  return Promise.all(
    checks.map(async ([title, find]) => ({ title, findings: await find().catch(notChecked) })),
  )
}

function notChecked({ name, message }: Error): Finding[] {
  const denied = /AccessDenied|UnauthorizedOperation|AuthorizationError/.test(name)
  const advice = denied
    ? 'The credentials must be allowed to read this.'
    : 'See the message; the other checks are not affected.'
  return [warning(`Not checked: ${name}: ${message}`, advice)]
}

/** The worst level that was found. */
export function worstOf(checked: Checked[]): Finding['level'] {
  const levels = new Set(checked.flatMap(({ findings }) => findings.map(({ level }) => level)))
  return levels.has('problem') ? 'problem' : levels.has('warning') ? 'warning' : 'ok'
}
