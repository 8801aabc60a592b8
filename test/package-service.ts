import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { unzipSync } from 'fflate'
import { inTurn, runServerless } from './run-serverless.ts'

const REPOSITORY = new URL('..', import.meta.url).pathname

export interface Resource {
  Type: string
  Condition?: string
  DeletionPolicy?: string
  UpdateReplacePolicy?: string
  DependsOn?: string[]
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation has many shapes; each test knows the ones it reads
  Properties: Record<string, any>
}

interface Archive {
  /** The size of the zip. */
  bytes: number
  /** The paths in the zip. */
  files: string[]
  /** Extracts the zip into a folder. */
  unpack(folder: string): Promise<void>
}

/** The result of `serverless package`. */
export interface ServicePackage {
  /** The resources of the CloudFormation template, by logical id. */
  resources: Record<string, Resource>
  /** The zips of the functions, by their names in serverless.yml. */
  archives: Record<string, Archive>
}

const LOCK_INTERVAL_MS = 100

/** Every template that a test has packaged. CI lints them. */
const TEMPLATES = join(REPOSITORY, '.cache/templates')

/** Packages a service without an AWS account. `params` are stage parameters. */
export function packageService(...args: Parameters<typeof packageAlone>): Promise<ServicePackage> {
  return inTurn(() => withServiceLock(args[0], () => packageAlone(...args)))
}

/**
 * Serverless uses and then deletes the folder `.serverless` of a service, so only one process at a time can run it for that
 * service.
 */
export async function withServiceLock<Result>(service: string, run: () => Promise<Result>): Promise<Result> {
  const unlock = await lock(join(REPOSITORY, `.cache/package-${service}.lock`))
  try {
    return await run()
  } finally {
    await unlock()
  }
}

/** The lock of a process that was killed does not count. */
async function lock(file: string): Promise<() => Promise<void>> {
  await mkdir(dirname(file), { recursive: true })
  while (true) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' })
      return () => rm(file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (await isAbandoned(file)) await rm(file, { force: true })
    await sleep(LOCK_INTERVAL_MS)
  }
}

async function isAbandoned(file: string): Promise<boolean> {
  const owner = Number(await readFile(file, 'utf8').catch(() => ''))
  // Just released, or not written yet.
  if (!owner) return false
  try {
    process.kill(owner, 0)
    return false
  } catch {
    return true
  }
}

async function packageAlone(
  name: string,
  environment: Record<string, string> = {},
  params: Record<string, string> = {},
  stage = 'dev',
): Promise<ServicePackage> {
  const folder = await mkdtemp(join(tmpdir(), `package-${name}-`))
  try {
    const chosen = Object.entries(params).map(([key, value]) => `--param=${key}=${value}`)
    await runServerless({
      folder: join(REPOSITORY, 'services', name),
      args: ['package', '--stage', stage, '--package', folder, ...chosen],
      environment: environmentWith(environment),
    })
    const file = join(folder, 'cloudformation-template-update-stack.json')
    const text = await readFile(file, 'utf8')
    const hash = createHash('sha256').update(text).digest('hex')
    await keepTemplate(`${name}-${hash.slice(0, 8)}.json`, text)
    const template = JSON.parse(text)
    return { resources: template.Resources, archives: await readArchives(template.Resources, folder) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Appears whole: CI may lint the others meanwhile. */
async function keepTemplate(name: string, text: string): Promise<void> {
  await mkdir(TEMPLATES, { recursive: true })
  const partial = join(TEMPLATES, `${name}.${process.pid}`)
  await writeFile(partial, text)
  await rename(partial, join(TEMPLATES, name))
}

/** Settings of npm, which installs native modules into zips: what is in its cache is not asked for again. */
const QUIET_NPM = {
  npm_config_prefer_offline: 'true',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_update_notifier: 'false',
}

function environmentWith(environment: Record<string, string>): NodeJS.ProcessEnv {
  const withoutAccount = Object.entries(process.env).filter(
    ([key]) => !/^AWS_(?!CA_BUNDLE)|^(IMAGE_ENGINE|HEIC_DECODER)$/.test(key),
  )
  return {
    ...Object.fromEntries(withoutAccount),
    ...environment,
    ...QUIET_NPM,
    ESBUILD_WORK_FOLDER: 'package-for-test',
  }
}

async function readArchives(
  resources: Record<string, Resource>,
  folder: string,
): Promise<Record<string, Archive>> {
  const functions = Object.values(resources).filter(({ Type }) => Type === 'AWS::Lambda::Function')
  const archives = functions.map(async ({ Properties }) => {
    const zip = String(Properties.Code.S3Key).split('/').at(-1) ?? ''
    return [zip.replace('.zip', ''), listArchive(await readFile(join(folder, zip)))] as const
  })
  return Object.fromEntries(await Promise.all(archives))
}

function listArchive(zip: Uint8Array): Archive {
  const files: string[] = []
  unzipSync(zip, { filter: ({ name }) => !files.push(name) })
  return { bytes: zip.length, files, unpack: (folder) => unpack(zip, folder) }
}

async function unpack(zip: Uint8Array, folder: string): Promise<void> {
  for (const [name, content] of Object.entries(unzipSync(zip))) {
    const file = join(folder, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }
}
