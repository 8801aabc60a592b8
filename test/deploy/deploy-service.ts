import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { unzipSync, zipSync } from 'fflate'
import { withServiceLock } from '../package-service.ts'
import type { Template } from './adapt-template.ts'

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))

export type ServiceName = 'image-processor' | 'upload-api' | 'kafka-bridge' | 'analytics-catalog'

/** Runs the Serverless Framework in a service's folder, as `pnpm exec serverless`, and resolves to its output. */
export function serverless(
  service: ServiceName,
  args: string[],
  environment: Record<string, string>,
): Promise<string> {
  return withServiceLock(service, () =>
    serverlessIn(join(REPOSITORY, 'services', service), args, environment),
  )
}

/** Runs the Serverless Framework in a folder, and resolves to its output. */
export async function serverlessIn(
  folder: string,
  args: string[],
  environment: Record<string, string>,
): Promise<string> {
  const program = join(REPOSITORY, 'node_modules/.bin/serverless')
  const { stdout, stderr } = await promisify(execFile)(program, args, {
    cwd: folder,
    env: inAccount(environment),
  })
  return stdout + stderr
}

/** The environment of a command that knows only the emulator's account, and may run beside others of its kind. */
export function inAccount(environment: Record<string, string>): NodeJS.ProcessEnv {
  const withoutAccount = Object.entries(process.env).filter(([name]) => !/^AWS_(?!CA_BUNDLE)/.test(name))
  return {
    ...Object.fromEntries(withoutAccount),
    ...environment,
    ESBUILD_WORK_FOLDER: `deploy-${randomUUID()}`,
    NO_COLOR: '1',
  }
}

/** Changes the template of a packaged service. */
export async function changePackage(folder: string, change: (template: Template) => void): Promise<void> {
  await editJson(join(folder, 'cloudformation-template-update-stack.json'), change)
  // The framework compares this copy with what is deployed.
  await editJson(join(folder, 'serverless-state.json'), ({ service: { provider } }) =>
    change(provider.compiledCloudFormationTemplate),
  )
}

// biome-ignore lint/suspicious/noExplicitAny: files of the framework, of which a few fields are used
async function editJson(file: string, edit: (content: any) => void): Promise<void> {
  const content = JSON.parse(await readFile(file, 'utf8'))
  edit(content)
  await writeFile(file, JSON.stringify(content))
}

/** Adds files to a zip, or replaces them. */
export async function addFiles(zip: string, files: Record<string, Uint8Array>): Promise<void> {
  await writeFile(zip, zipSync({ ...unzipSync(await readFile(zip)), ...files }))
}
