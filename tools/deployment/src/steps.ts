import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CloudFormationClient } from '@aws-sdk/client-cloudformation'
import { adoptBuckets } from './adopt-buckets.ts'
import { servicesInOrder } from './affected-services.ts'
import { findDrift } from './drift.ts'
import { emptyAndDeleteBuckets, previewsWithBuckets } from './preview-buckets.ts'
import { nextAlarms, ringingAlarms } from './ringing-alarms.ts'
import { allServices, deployedPackage, previewsWithStacks, stackName, statusOf } from './stacks.ts'

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

/** How a stage was before a deployment. */
interface Before {
  /** The package that each service ran, by its timestamp; null for a first deployment. */
  packages: Record<string, string | null>
  /** The alarms that had gone off. */
  alarms: string[]
}

const beforeFile = (folder: string, stage: string) => resolve(folder, stage, 'before.json')

function readBefore(folder: string, stage: string): Before {
  const file = beforeFile(folder, stage)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { packages: {}, alarms: [] }
}

/**
 * Deploys packaged services in order. If one fails, those that were deployed before it are rolled back.
 *
 * @throws Error if one fails, or before anything is changed if one was packaged for another region
 */
export async function deployServices(services: string[], stage: string, folder: string): Promise<void> {
  for (const service of services) requireRegion(service, packageFolder(folder, stage, service))
  const before: Before = { packages: {}, alarms: await ringingAlarms(stage) }
  const keep = () => writeFileSync(beforeFile(folder, stage), JSON.stringify(before))
  keep()
  const cloudFormation = new CloudFormationClient()
  for (const service of servicesInOrder(REPOSITORY).filter((name) => services.includes(name))) {
    const previous = (await deployedPackage(cloudFormation, service, stage)) ?? null
    try {
      serverless(service, ['deploy', '--stage', stage, '--package', packageFolder(folder, stage, service)])
    } catch (error) {
      report(`${service} could not be deployed to ${stage}. CloudFormation has undone what it had changed.`)
      rollBackServices(stage, folder)
      throw error
    }
    before.packages[service] = previous
    keep()
    report(`${service} is deployed to ${stage}.`)
  }
  cloudFormation.destroy()
}

/** Names of roles contain the region. */
function requireRegion(service: string, packaged: string): void {
  const state = JSON.parse(readFileSync(join(packaged, 'serverless-state.json'), 'utf8'))
  const { region } = state.service.provider
  const { AWS_REGION = 'us-east-1' } = process.env
  if (region !== AWS_REGION)
    throw new Error(
      `${service} was packaged for ${region}, but AWS_REGION is ${AWS_REGION}. Set the same for both.`,
    )
}

/**
 * Waits some minutes for alarms of a stage that go off after a deployment from this folder.
 *
 * @throws Error that names them
 */
export async function watchAlarms(stage: string, folder: string, minutes: number): Promise<void> {
  const { alarms } = readBefore(folder, stage)
  if (alarms.length > 0) report(`In alarm before the deployment: ${alarms.join(', ')}.`)
  const names = await nextAlarms(stage, alarms, minutes)
  if (names.length > 0) {
    report(`In alarm since the deployment: ${names.join(', ')}.`)
    throw new Error(`Alarms of ${stage} went off after the deployment: ${names.join(', ')}.`)
  }
  report(`No alarm of ${stage} went off within ${minutes} minutes.`)
}

/** A line for people: in the log, and on the page of the run on GitHub. */
function report(line: string): void {
  console.log(line)
  const { GITHUB_STEP_SUMMARY } = process.env
  if (GITHUB_STEP_SUMMARY) appendFileSync(GITHUB_STEP_SUMMARY, `- ${line}\n`)
}

/** Begins the stacks of a stage that was removed with the buckets that it has kept. See adoptBuckets. */
export async function adoptStage(services: string[], stage: string, folder: string): Promise<void> {
  for (const service of services) await adoptBuckets(service, stage, packageFolder(folder, stage, service))
}

/**
 * Undoes the last `deployServices` from this folder, the last service first. A first deployment stays.
 *
 * @throws Error if a service could not be rolled back; the others are all the same
 */
export function rollBackServices(stage: string, folder: string): void {
  const failed: string[] = []
  for (const [service, timestamp] of Object.entries(readBefore(folder, stage).packages).reverse()) {
    if (timestamp === null) {
      report(`${service} stays: this was its first deployment to ${stage}.`)
      continue
    }
    try {
      serverless(service, ['rollback', '--stage', stage, '--timestamp', timestamp])
      report(`${service} is rolled back: ${stage} runs its package ${timestamp} again.`)
    } catch {
      report(
        `${service} could NOT be rolled back to its package ${timestamp}: ${stage} still runs the new one.`,
      )
      failed.push(service)
    }
  }
  if (failed.length > 0) throw new Error(`Not rolled back: ${failed.join(', ')}.`)
}

/** Prints what somebody has changed on a stage since its deployment. If there is something, this process ends with 1. */
export async function reportDrift(stage: string): Promise<void> {
  for (const service of allServices()) {
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
  const cloudFormation = new CloudFormationClient()
  // Those that serverless-compose.yml leaves out come last in it, so they are removed first.
  const inOrder = [...new Set([...servicesInOrder(REPOSITORY), ...allServices()])]
  for (const service of inOrder.reverse()) {
    const status = await statusOf(cloudFormation, stackName(service, stage))
    if (status === undefined) console.log(`${service}: not deployed on ${stage}.`)
    else serverless(service, ['remove', '--stage', stage])
  }
  cloudFormation.destroy()
  await emptyAndDeleteBuckets(stage)
}

/**
 * Removes the preview stages that nobody needs, also those of which only some stacks or buckets are left.
 *
 * @param keep the stages that are needed
 * @throws Error if one could not be removed; the others are all the same
 */
export async function sweepPreviews(keep: string[]): Promise<void> {
  const cloudFormation = new CloudFormationClient()
  const found = new Set([...(await previewsWithStacks(cloudFormation)), ...(await previewsWithBuckets())])
  cloudFormation.destroy()
  const failed: string[] = []
  for (const stage of [...found].filter((name) => !keep.includes(name)).sort()) {
    try {
      await removeStage(stage)
      report(`${stage} is removed.`)
    } catch (error) {
      report(`${stage} could NOT be removed: ${(error as Error).message}`)
      failed.push(stage)
    }
  }
  if (failed.length > 0) throw new Error(`Not removed: ${failed.join(', ')}.`)
}
