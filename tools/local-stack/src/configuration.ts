import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { access, constants, mkdir, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { dirname, join, sep } from 'node:path'
import { loadEnvFile } from 'node:process'
import { HeicDecoder } from '@darkroom/core'
import { localFolder, readEndpoints, removeEndpoints, STATE_FOLDERS } from './endpoints.ts'
import { lockOf, ownerOf } from './owner.ts'
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

/**
 * Two stacks would overwrite each other's data. The owner listens on a port as long as it runs: however it ended, and whichever
 * process has its id now, the next start takes the folder.
 */
async function lock(folder: string): Promise<() => Promise<void>> {
  const file = lockOf(folder)
  const owner = await ownerOf(folder)
  if (owner?.isRunning) {
    const address = await readEndpoints().then(
      ({ uploadApi }) => ` on ${uploadApi}`,
      () => '', // it is not ready yet
    )
    throw new Error(
      `Another local stack, process ${owner.pid}${address}, uses ${folder}. Stop it, or set LOCAL_DIR and the ports to others.`,
    )
  }
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await makeFolder(folder)
    await writeFile(file, `${process.pid} ${(server.address() as AddressInfo).port}`)
    // Of a stack that was killed: until this one is ready, there is nothing at them.
    await removeEndpoints()
    for (const part of STATE_FOLDERS.map((name) => join(folder, name))) {
      await makeFolder(part)
      // The separator refuses a file.
      await access(join(part, sep), constants.W_OK)
    }
  } catch (cause) {
    server.close()
    const { code, path = folder } = cause as NodeJS.ErrnoException
    const advice = `${path} cannot be written (${code}). Set LOCAL_DIR to another folder.`
    throw new Error(`LOCAL_DIR is ${folder}: ${advice}`, { cause })
  }
  return async () => {
    server.close()
    await rm(file, { force: true })
  }
}

/** Without `recursive`, which never ends where a file system answers ENOENT for good, as /proc does. */
async function makeFolder(folder: string): Promise<void> {
  if (existsSync(folder)) return
  await makeFolder(dirname(folder))
  await mkdir(folder)
}
