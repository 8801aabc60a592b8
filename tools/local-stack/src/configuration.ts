import { existsSync } from 'node:fs'
import { access, constants, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadEnvFile } from 'node:process'
import { HeicDecoder } from '@darkroom/core'
import { localFolder } from './endpoints.ts'
import { configuredPorts, type Ports } from './ports.ts'
import { repositoryRoot } from './repository-root.ts'

const ENGINES = ['sharp', 'jimp']

/** Settings of `pnpm dev`, from the environment and the file `.env`. */
export interface Configuration {
  ports: Ports
  /** The local folder, which belongs to this process until `release`. */
  folder: string
  release(): Promise<void>
}

/** @throws Error that names the variable and says what to do, before anything is started */
export async function readConfiguration(): Promise<Configuration> {
  const envFile = join(repositoryRoot, '.env')
  if (existsSync(envFile)) loadEnvFile(envFile)
  requireOneOf('IMAGE_ENGINE', ENGINES)
  requireOneOf('HEIC_DECODER', HeicDecoder.options)
  const folder = localFolder()
  await requireWritable(folder)
  const release = await lock(folder)
  try {
    return { ports: await configuredPorts(), folder, release }
  } catch (error) {
    await release()
    throw error
  }
}

function requireOneOf(variable: string, values: readonly string[]): void {
  const value = process.env[variable]
  if (!value || values.includes(value)) return
  throw new Error(`${variable} is "${value}". It must be ${values.join(' or ')}.`)
}

async function requireWritable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code
    throw new Error(
      `LOCAL_DIR is ${folder}, where no files can be written (${reason}). Set LOCAL_DIR to another folder.`,
      { cause },
    )
  }
}

/** Two stacks would overwrite each other's data. The lock of a process that no longer runs is ignored. */
async function lock(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'dev.pid')
  const owner = Number(await readFile(file, 'utf8').catch(() => ''))
  if (owner && isRunning(owner)) {
    throw new Error(
      `Another local stack, process ${owner}, uses ${folder}. Stop it, or set LOCAL_DIR and the ports to others.`,
    )
  }
  await rm(file, { force: true })
  await writeFile(file, String(process.pid), { flag: 'wx' })
  return () => rm(file, { force: true })
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // It belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
