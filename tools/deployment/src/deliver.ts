/**
 * The steps of a delivery, for .github/workflows and by hand: `node tools/deployment/src/deliver.ts STEP …`. They need the AWS
 * SDK's own settings, except `affected` and `package`.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
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
const USAGE = `Usage:
  deliver affected --since COMMIT                      prints the services that changed since then, as JSON
  deliver package  --services JSON --folder F --stage S [--stage T …]
  deliver adopt    --services JSON --folder F --stage S    buckets that a removed stage has kept, before it is deployed again
  deliver deploy   --services JSON --folder F --stage S    packages of this folder; on a failure it rolls back
  deliver alarms   --folder F --stage S --minutes M    ends with 1 if an alarm goes off after the last deploy from this folder
  deliver rollback --folder F --stage S                what the last deploy from this folder changed
  deliver drift    --stage S                           what was changed since the deployment; ends with 1 if anything was
  deliver remove   --stage S                           a preview stage (pr-NUMBER) with everything in its buckets
  deliver sweep    --keep JSON                         removes all preview stages but these`

const { positionals, values } = parseArgs({
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

function required(name: 'since' | 'services' | 'folder' | 'minutes' | 'keep'): string {
  const value = values[name]
  if (!value) throw new Error(`--${name} is missing.\n${USAGE}`)
  return value
}

function onlyStage(): string {
  const [stage, ...others] = values.stage ?? []
  if (!stage || others.length > 0) throw new Error(`This step needs one --stage.\n${USAGE}`)
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
if (!step) throw new Error(USAGE)
await step()
