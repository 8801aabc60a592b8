import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { withServiceLock } from '../package-service.ts'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))

interface Step {
  name?: string
  id?: string
  if?: string
  run?: string
}

/** What GitHub shows of the job. */
interface Run {
  conclusion: 'success' | 'failure'
  /** The steps that ran, by their names; the failed one has a `!`. */
  steps: string[]
  summary: string
  log: string
}

const ROLLS_BACK = "(failure() || cancelled()) && steps.deploy.outcome == 'success'"

/**
 * Runs the commands of the job in .github/workflows/deploy.yml as GitHub does: one after the other, after a failure only those whose
 * condition says so. The actions of others are left out, and the installation.
 *
 * @param before what happens before a step, by its name
 */
export async function runDeployJob(
  environment: Record<string, string>,
  before: Record<string, () => Promise<unknown>> = {},
): Promise<Run> {
  const file = join(REPOSITORY, '.github/workflows/deploy.yml')
  const { steps }: { steps: Step[] } = parse(await readFile(file, 'utf8')).jobs.deploy
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-job-'))
  const GITHUB_STEP_SUMMARY = join(folder, 'summary')
  const env = { ...process.env, ...environment, GITHUB_STEP_SUMMARY, NO_COLOR: '1' }
  const run: Run = { conclusion: 'success', steps: [], summary: '', log: '' }
  let isDeployed = false
  for (const { name = '', id, if: condition, run: command } of steps) {
    if (command === undefined || name === '') continue
    if (
      condition === undefined
        ? run.conclusion === 'failure'
        : !(rollsBack(condition) && isDeployed && run.conclusion === 'failure')
    )
      continue
    await before[name]?.()
    const { code, output } = await bash(command, env)
    run.log += output
    run.steps.push(code === 0 ? name : `${name}!`)
    if (code !== 0) run.conclusion = 'failure'
    if (id === 'deploy') isDeployed = code === 0
  }
  run.summary = await readFile(GITHUB_STEP_SUMMARY, 'utf8')
  await rm(folder, { recursive: true })
  return run
}

function rollsBack(condition: string): boolean {
  if (condition !== ROLLS_BACK) throw new Error(`This condition is not known here: ${condition}`)
  return true
}

/** https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#defaultsrunshell */
function bash(command: string, env: NodeJS.ProcessEnv): Promise<{ code: number; output: string }> {
  return withServiceLock('upload-api', () =>
    promisify(execFile)('bash', ['-e', '-c', command], { cwd: REPOSITORY, env }).then(
      ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
      ({ code, stdout, stderr }) => ({ code, output: stdout + stderr }),
    ),
  )
}
