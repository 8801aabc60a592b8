/**
 * `pnpm deliver STEP`: the steps of a delivery, for .github/workflows and by hand. They use the AWS SDK's own settings, except
 * `affected` and `package`, which need none.
 *
 *   affected --since COMMIT
 *     prints the services that changed since then, as JSON
 *   package --services JSON --folder F --stage S [--stage T …]
 *     packages these services for one or more stages
 *   adopt --services JSON --folder F --stage S
 *     gives a stage that is deployed again the buckets that its removal kept
 *   deploy --services JSON --folder F --stage S
 *     deploys the packages of this folder; on a failure it rolls back
 *   alarms --folder F --stage S --minutes M
 *     ends with 1 if an alarm goes off after the last deploy from this folder
 *   rollback --folder F --stage S
 *     takes back what the last deploy from this folder changed
 *   drift --stage S
 *     reports what was changed since the deployment; ends with 1 if anything was
 *   remove --stage S
 *     deletes a preview stage (pr-NUMBER) with everything in its buckets
 *   sweep --keep JSON
 *     removes all preview stages but these
 */

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { scriptOptions, stop } from '@darkroom/terminal'
import { affectedServices } from './affected-services.ts'
import {
  adoptStage,
  deployServices,
  packageServices,
  removeStage,
  reportDrift,
  rollBackServices,
  sweepPreviews,
  watchAlarms,
} from './steps.ts'

const REPOSITORY = join(import.meta.dirname, '../../..')

const { positionals, values } = scriptOptions(import.meta.filename, {
  allowPositionals: true,
  options: {
    since: { type: 'string' },
    services: { type: 'string' },
    folder: { type: 'string' },
    stage: { type: 'string', multiple: true },
    minutes: { type: 'string' },
    keep: { type: 'string' },
  },
})

const HELP = 'Run it with --help for all steps and options.'

function required(name: 'since' | 'services' | 'folder' | 'minutes' | 'keep'): string {
  const value = values[name]
  if (!value) stop(`--${name} is missing. ${HELP}`)
  return value
}

function onlyStage(): string {
  const [stage, ...others] = values.stage ?? []
  if (!stage || others.length > 0) stop(`This step needs one --stage. ${HELP}`)
  return stage
}

/** The output of `affected`. */
const services = (): string[] => JSON.parse(required('services'))

function changedSince(commit: string): string[] {
  const names = ['diff', '--name-only', '--no-renames', '-z', commit, 'HEAD', '--']
  return execFileSync('git', names, { cwd: REPOSITORY, encoding: 'utf8' }).split('\0').filter(Boolean)
}

const STEPS: Record<string, () => unknown> = {
  affected: () => console.log(JSON.stringify(affectedServices(REPOSITORY, changedSince(required('since'))))),
  package: () => packageServices(services(), values.stage ?? [], required('folder')),
  deploy: () => deployServices(services(), onlyStage(), required('folder')),
  adopt: () => adoptStage(services(), onlyStage(), required('folder')),
  alarms: () => watchAlarms(onlyStage(), required('folder'), Number(required('minutes'))),
  rollback: () => rollBackServices(onlyStage(), required('folder')),
  drift: () => reportDrift(onlyStage()),
  remove: () => removeStage(onlyStage()),
  sweep: () => sweepPreviews(JSON.parse(required('keep'))),
}

const step = STEPS[positionals[0] ?? '']
if (!step) stop(`${positionals[0] ? `There is no step ${positionals[0]}.` : 'Name a step.'} ${HELP}`)
try {
  await step()
} catch (error) {
  // What the steps say themselves needs no stack.
  if (Object(error).constructor !== Error) throw error
  stop((error as Error).message)
}
