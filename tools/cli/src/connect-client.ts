import { type Client, createClient } from '@darkroom/client'
import { type AppId, keyIdPrefix, parseApiKey } from '@darkroom/core'
import { type Endpoints, readEndpoints } from '@darkroom/local-stack/endpoints'
import type { Command } from 'commander'

/** The upload API as one app sees it. */
export interface AppConnection {
  client: Client
  /** For people: `local stack at http://127.0.0.1:4000 as web-app-1`. */
  label: string
}

/** What `addAppOptions` adds to a command. */
export interface AppOptions {
  url?: string
  app?: string
}

export const LOCAL_APP = 'web-app-1'

/** Gives a command the options that choose an upload API and an app. They are the same for every command. */
export function addAppOptions(command: Command): Command {
  return command
    .option('--url <url>', 'the upload API of a deployment; the API key is read from DARKROOM_KEY')
    .option('--app <app>', `an app of the local stack (default: ${LOCAL_APP})`)
    .addHelpText(
      'after',
      `
API: --url chooses a deployment, and so does DARKROOM_URL; its API key, which
belongs to one app, is DARKROOM_KEY. Without them the running local stack is
used. A command refuses to guess between the two.`,
    )
}

/** Connects to the API that the options, the environment or the running local stack name. @throws Error that says what to set */
export async function connectClient({ url, app }: AppOptions): Promise<AppConnection> {
  if (url && app) throw new Error('--app is for the local stack: the key of a deployment belongs to one app.')
  if (url) return deployment(url)
  const { DARKROOM_URL } = process.env
  if (app || !DARKROOM_URL) return localStack(await readEndpoints(), app ?? LOCAL_APP)
  const running = await readEndpoints().catch(() => undefined)
  if (!running) return deployment(DARKROOM_URL)
  throw new Error(
    `DARKROOM_URL names ${DARKROOM_URL}, and a local stack is running at ${running.uploadApi}. ` +
      'Choose one with --url URL or --app APP.',
  )
}

/** Connects to the API of a stage with the key in DARKROOM_KEY. @throws Error if it is not a key of the app */
export async function connectStage(stage: string, app: AppId): Promise<AppConnection> {
  const { DARKROOM_KEY = '' } = process.env
  const keyId = parseApiKey(DARKROOM_KEY)?.keyId
  if (keyId === undefined) throw new Error(`Set DARKROOM_KEY to an API key of ${app}.`)
  if (!keyId.startsWith(keyIdPrefix(app))) throw new Error(`DARKROOM_KEY is not a key of ${app}.`)
  return deployment(await urlOfStage(stage))
}

/** The address of a stage's API, as its stack says. @throws Error if it has none */
export async function urlOfStage(stage: string): Promise<string> {
  // The SDK for CloudFormation loads for a while.
  const { readDeployment } = await import('./doctor/deployment.ts')
  const url = (await readDeployment(stage))['upload-api']?.outputs.HttpApiUrl
  if (url) return url
  throw new Error(`The stage ${stage} has no API. Deploy upload-api, and check region and credentials.`)
}

function deployment(url: string): AppConnection {
  const { DARKROOM_KEY } = process.env
  if (!(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) {
    throw new Error(`This is not an address of an API: ${url}. Write it like https://images.example.com.`)
  }
  if (!DARKROOM_KEY) throw new Error(`Set DARKROOM_KEY to an API key of ${url}.`)
  return { client: createClient({ url, credential: DARKROOM_KEY }), label: url }
}

function localStack({ uploadApi, apps }: Endpoints, app: string): AppConnection {
  const credential = apps[app]?.apiKey
  if (!credential) {
    throw new Error(`The local stack has no app ${app}. Its apps: ${Object.keys(apps).join(', ')}.`)
  }
  const client = createClient({ url: uploadApi, credential })
  return { client, label: `local stack at ${uploadApi} as ${app}` }
}
