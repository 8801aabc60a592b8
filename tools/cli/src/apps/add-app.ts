import { readFile, writeFile } from 'node:fs/promises'
import { AppConfiguration, configurationPath, readConfiguration } from '@darkroom/app-configuration'
import type { AppId } from '@darkroom/core'
import { findNodeAtLocation, parseTree } from 'jsonc-parser'
import * as z from 'zod'

/**
 * Adds an app to a configuration file, after the last one, and leaves the rest of its text as it is.
 *
 * @throws Error if the app is there already, or the file would not be valid
 */
export async function addApp(file: string, app: AppId, settings: object): Promise<void> {
  readConfiguration(file)
  const path = configurationPath(file)
  const text = await readFile(path, 'utf8')
  const root = parseTree(text)
  const apps = root && findNodeAtLocation(root, ['apps'])
  const last = apps?.children?.at(-1)
  if (!last) throw new Error(`${file} has no apps.`)
  if (apps && findNodeAtLocation(apps, [app])) throw new Error(`${app} is in ${file} already.`)
  const indent = /\n[ \t]*$/.exec(text.slice(0, last.offset))?.[0] ?? ' '
  const end = last.offset + last.length
  const added = `${text.slice(0, end)},${indent}"${app}": ${onOneLine(settings)}${text.slice(end)}`
  const { error } = AppConfiguration.safeParse(JSON.parse(added))
  if (error) throw new Error(`${app} cannot be added.\n${z.prettifyError(error)}`)
  await writeFile(path, added)
}

/** `{ "preset": "modern", "topics": ["images"] }` */
function onOneLine(settings: object): string {
  return JSON.stringify(settings, null, 1)
    .replaceAll(/\n\s*/g, ' ')
    .replaceAll('[ ', '[')
    .replaceAll(' ]', ']')
}
