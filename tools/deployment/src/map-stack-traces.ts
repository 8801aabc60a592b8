import type { SourceMap } from 'node:module'

/**
 * Part of every bundle: stack traces name the lines of the source. With Node's `--enable-source-maps` the map is read and parsed at each
 * start, and here with the first stack trace.
 */
Error.prepareStackTrace = (error, frames) =>
  [Error.prototype.toString.call(error), ...frames.map((frame) => `    at ${toSource(frame)}`)].join('\n')

/** The frame with its place in the source, or unchanged if the file has no map. */
function toSource(frame: NodeJS.CallSite): string {
  const file = frame.getFileName()
  if (!file) return String(frame)
  const [line, column] = [frame.getLineNumber() ?? 1, frame.getColumnNumber() ?? 1]
  const entry = mapOf(file)?.findEntry(line - 1, column - 1)
  if (!entry || !('originalSource' in entry)) return String(frame)
  const { originalSource, originalLine, originalColumn } = entry
  const source = new URL(originalSource, file).href.replace('file://', '')
  return String(frame).replace(
    `${file}:${line}:${column}`,
    `${source}:${originalLine + 1}:${originalColumn + 1}`,
  )
}

const maps = new Map<string, SourceMap | undefined>()

function mapOf(file: string): SourceMap | undefined {
  if (!maps.has(file)) maps.set(file, readMap(file))
  return maps.get(file)
}

/** Files of bundles are ES modules, whose names are URLs. */
function readMap(file: string): SourceMap | undefined {
  if (!file.startsWith('file:')) return undefined
  // Not imported: every start would load them.
  const { readFileSync } = process.getBuiltinModule('node:fs')
  const { SourceMap } = process.getBuiltinModule('node:module')
  try {
    return new SourceMap(JSON.parse(readFileSync(new URL(`${file}.map`), 'utf8')))
  } catch {
    return undefined
  }
}
