import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { adoptBuckets } from './adopt-buckets.ts'
import { servicesInOrder } from './affected-services.ts'
import { findDrift } from './drift.ts'
import { emptyAndDeleteBuckets } from './preview-buckets.ts'

const REPOSITORY = join(import.meta.dirname, '../../..')

/** Runs the Serverless Framework in a service's folder. Its output is the caller's. @throws Error if it fails */
function serverless(service: string, args: string[]): void {
  console.log(`\n${service}: serverless ${args.join(' ')}`)
  const { status } = spawnSync(serverlessPath(), args, { cwd: folderOf(service), stdio: 'inherit' })
  if (status !== 0) throw new Error(`${service}: serverless ${args[0]} failed.`)
}

const folderOf = (service: string) => join(REPOSITORY, 'services', service)
const serverlessPath = () => join(REPOSITORY, 'node_modules/.bin/serverless')
const packageFolder = (folder: string, stage: string, service: string) => resolve(folder, stage, service)

/**
 * Packages services for each stage into `folder/{stage}/{service}`. The stages differ only in their templates: the code that one of
 * them has tested is the code that the next one gets.
 *
 * @throws Error if the code of two stages differs
 */
export function packageServices(services: string[], stages: string[], folder: string): void {
  for (const service of services) {
    for (const stage of stages)
      serverless(service, ['package', '--stage', stage, '--package', packageFolder(folder, stage, service)])
    const [first, ...others] = stages.map((stage) => hashesOfCode(packageFolder(folder, stage, service)))
    for (const other of others)
      if (other !== first)
        throw new Error(`The code of ${service} is not the same for ${stages.join(' and ')}.`)
  }
}

function hashesOfCode(folder: string): string {
  const zips = globSync('*.zip', { cwd: folder }).sort()
  const hashes = zips.map((zip) =>
    createHash('sha256')
      .update(readFileSync(join(folder, zip)))
      .digest('hex'),
  )
  return JSON.stringify(zips.map((zip, index) => [zip, hashes[index]]))
}

/** The deployment that each service had before, by its timestamp; undefined for a first one. */
type Previous = Record<string, string | undefined>

const previousFile = (folder: string, stage: string) => resolve(folder, stage, 'previous.json')

/** Deploys packaged services in order. If one fails, those that were deployed before it are rolled back. */
export function deployServices(services: string[], stage: string, folder: string): void {
  const previous: Previous = {}
  const file = previousFile(folder, stage)
  try {
    for (const service of servicesInOrder(REPOSITORY).filter((name) => services.includes(name))) {
      previous[service] = latestDeployment(service, stage)
      writeFileSync(file, JSON.stringify(previous))
      serverless(service, ['deploy', '--stage', stage, '--package', packageFolder(folder, stage, service)])
    }
  } catch (error) {
    // CloudFormation itself has rolled back the one that failed.
    const [failed = ''] = Object.keys(previous).slice(-1)
    delete previous[failed]
    writeFileSync(file, JSON.stringify(previous))
    rollBackServices(stage, folder)
    throw error
  }
}

/** Begins the stacks of a stage that was removed with the buckets that it has kept. See adoptBuckets. */
export async function adoptStage(services: string[], stage: string, folder: string): Promise<void> {
  for (const service of services) await adoptBuckets(service, stage, packageFolder(folder, stage, service))
}

/** Undoes the last `deployServices` from this folder, the last service first. A first deployment stays. */
export function rollBackServices(stage: string, folder: string): void {
  const file = previousFile(folder, stage)
  const previous: Previous = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  for (const [service, timestamp] of Object.entries(previous).reverse()) {
    if (timestamp === undefined) console.log(`${service}: this was its first deployment, which stays.`)
    else serverless(service, ['rollback', '--stage', stage, '--timestamp', timestamp])
  }
}

function latestDeployment(service: string, stage: string): string | undefined {
  const list = spawnSync(serverlessPath(), ['deploy', 'list', '--stage', stage], {
    cwd: folderOf(service),
    encoding: 'utf8',
  })
  return (list.stdout + list.stderr)
    .match(/\b\d{13}\b/g)
    ?.sort()
    .at(-1)
}

/** Prints what somebody has changed on a stage since its deployment. If there is something, this process ends with 1. */
export async function reportDrift(stage: string): Promise<void> {
  for (const service of globSync('*', { cwd: join(REPOSITORY, 'services') }).sort()) {
    const drift = await findDrift(service, stage)
    if (!drift) console.log(`${service}: not deployed, or being deployed.`)
    else if (drift.length === 0) console.log(`${service}: as deployed.`)
    else {
      console.log(`${service}: changed since its deployment.\n  ${drift.join('\n  ')}`)
      process.exitCode = 1
    }
  }
}

/**
 * Removes all services of a preview stage, and the buckets that CloudFormation keeps.
 *
 * @throws Error if the stage is not a preview: images of other stages are never deleted here
 */
export async function removeStage(stage: string): Promise<void> {
  if (!/^pr-\d+$/.test(stage))
    throw new Error(`The stage ${stage} is not a preview: its name must be pr-NUMBER.`)
  for (const service of servicesInOrder(REPOSITORY).reverse()) {
    if (latestDeployment(service, stage) === undefined) console.log(`${service}: not deployed on ${stage}.`)
    else serverless(service, ['remove', '--stage', stage])
  }
  await emptyAndDeleteBuckets(stage)
}
