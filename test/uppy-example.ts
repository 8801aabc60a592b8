import { readFile } from 'node:fs/promises'
import { build } from 'esbuild'
import { listen } from './web-app-1/listen.ts'

interface Settings {
  /** With `/v1`. */
  api: string
  key: string
}

/** Serves a page with one file input and the program in docs/api.md that configures Uppy. */
export async function uppyExample(settings: Settings) {
  const script = await bundleExample(settings)
  const html = '<!doctype html><title>Uppy</title><input type="file"><script src="/uppy.js"></script>'
  return listen(({ url }, response) => {
    response.setHeader('content-type', url === '/uppy.js' ? 'text/javascript' : 'text/html')
    response.end(url === '/uppy.js' ? script : html)
  })
}

/** `multipartAbove` in the page is the size from which Uppy sends parts. */
async function bundleExample(settings: Settings): Promise<string> {
  const document = await readFile(new URL('../docs/api.md', import.meta.url), 'utf8')
  const program = /^```js\n(import Uppy [\s\S]+?)^```/m.exec(document)?.[1] ?? ''
  if (!program.includes('signRequest')) throw new Error('docs/api.md has no program for Uppy')
  const configured = program
    .replace('http://127.0.0.1:4000/v1', settings.api)
    .replace('dk_test_913e5ec500000001_LocalDevelopmentOnlyNotASecret01f28edb79', settings.key)
  const contents = `${configured}
    globalThis.multipartAbove = MULTIPART_ABOVE
    document.querySelector('input').onchange = ({ target }) =>
      uppy.addFiles([...target.files].map((data) => ({ name: data.name, type: data.type, data })))`
  const { outputFiles } = await build({
    stdin: {
      contents: contents.replace('size > MULTIPART_ABOVE', 'size > globalThis.multipartAbove'),
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    write: false,
    format: 'iife',
  })
  return outputFiles[0]?.text ?? ''
}
