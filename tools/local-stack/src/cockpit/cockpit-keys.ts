import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import openInBrowser from 'open'
import { sendToFieldNotes } from '../demo/develop-photograph.ts'
import { findPhotographs, type Photograph } from '../demo/photographs.ts'
import type { Endpoints } from '../endpoints.ts'
import type { Key } from './keys.ts'
import type { LogView } from './log-view.ts'

const OPEN_TIMEOUT_MS = 5_000

export interface CockpitContext {
  endpoints: Endpoints
  view: LogView
  write(line: string): void
  quit(): void
  /** Starts the program that opens a URL. Default: the system's. */
  open?: (url: string) => Promise<ChildProcess>
}

/** The keys of `pnpm dev`. */
export function cockpitKeys({
  endpoints,
  view,
  write,
  quit,
  open = openInBrowser,
}: CockpitContext): Record<string, Key> {
  let uploads = 0
  return {
    o: {
      what: 'open the pages in the browser',
      press: async () => {
        const urls = [endpoints.webApp1, endpoints.webApp2, endpoints.dashboard]
        const opened = await Promise.all(urls.map(async (url) => succeeds(await open(url))))
        if (opened.includes(false)) write(`No browser could be opened. The pages are ${urls.join(', ')}.`)
      },
    },
    u: {
      what: 'send a sample photograph to Field Notes',
      press: async () => {
        const samples = await findPhotographs([])
        const sample = samples[uploads++ % samples.length]
        if (sample) await uploadSample(endpoints, sample)
      },
    },
    d: {
      what: "print the last image's document",
      press: async () => {
        const { latestImage } = view
        write(latestImage ? await statusOf(endpoints, latestImage) : 'No image yet. Press u to send one.')
      },
    },
    l: {
      what: 'show all log lines, or only images, warnings and errors',
      press: () => write(view.toggle() ? 'All log lines:' : 'Images, warnings and errors:'),
    },
    q: { what: 'stop', press: quit },
  }
}

/** A browser that stays in the foreground has opened the page. */
async function succeeds(opener: ChildProcess): Promise<boolean> {
  const [code] = await once(opener, 'exit', { signal: AbortSignal.timeout(OPEN_TIMEOUT_MS) }).catch(() => [0])
  return code === 0
}

/** To the page that shows everybody's pictures: in Loupe, each visitor sees own ones only. */
async function uploadSample(endpoints: Endpoints, { name, path }: Photograph): Promise<void> {
  const answer = await sendToFieldNotes(endpoints, name, await readFile(path))
  if (!answer.ok) throw new Error(`The upload returned ${answer.status}: ${await answer.text()}`)
}

async function statusOf({ uploadApi, apps }: Endpoints, image: { app: string; id: string }): Promise<string> {
  const answer = await fetch(`${uploadApi}/v1/images/${image.id}`, {
    headers: authorization(apps, image.app),
  })
  return JSON.stringify(await answer.json(), null, 2)
}

const authorization = (apps: Endpoints['apps'], app: string) => ({
  authorization: `Bearer ${apps[app]?.apiKey}`,
})
