import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface Request {
  folder: string
  args: string[]
  environment: NodeJS.ProcessEnv
}

export interface Answer {
  code: number
  output: string
}

let child: ChildProcess | undefined
let waiting = 0
let last: Promise<unknown> = Promise.resolve()

/**
 * Does what runs the Serverless Framework after all that was asked for before. It is the same process for all, which ends when
 * nothing is waiting.
 */
export async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  waiting += 1
  const result = last.then(work)
  last = result.catch(() => {})
  try {
    return await result
  } finally {
    waiting -= 1
    if (waiting === 0) {
      child?.disconnect()
      child = undefined
    }
  }
}

/**
 * Runs a command of the Serverless Framework in a folder, one at a time.
 *
 * @throws Error with the output, if the command fails
 */
export async function runServerless(request: Request): Promise<void> {
  child ??= fork(join(import.meta.dirname, 'serverless-process.ts'), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('Serverless ended its process')))
  ended.catch(() => {})
  const answered = once(child, 'message')
  child.send(request)
  const [answer] = await Promise.race([answered, ended])
  const { code, output }: Answer = answer
  if (code !== 0) throw new Error(output)
}
