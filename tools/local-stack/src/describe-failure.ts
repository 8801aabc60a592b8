import type { BuildFailure, Message } from 'esbuild'

/**
 * Whether its text says enough: an error of esbuild, or of the framework about a serverless.yml, or about a file that this process
 * may not use.
 */
export function isMistake(error: unknown): boolean {
  const { errors, name } = error as Partial<BuildFailure>
  return errors !== undefined || name === 'ServerlessError' || isForbidden(error)
}

const FORBIDDEN = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT']

function isForbidden(error: unknown): error is NodeJS.ErrnoException {
  const { code, path } = error as NodeJS.ErrnoException
  return path !== undefined && FORBIDDEN.includes(String(code))
}

/** One line about why something was not built or read, with the place where there is one. */
export function describeFailure(error: unknown): string {
  const { errors } = error as Partial<BuildFailure>
  if (errors?.length) return errors.map(describe).join('; ')
  if (isForbidden(error)) return `${error.path} cannot be used (${error.code}).`
  return inOneLine((error as Error).message)
}

/** Without the lines around the place and the stack of what it has called, which the framework adds. */
function inOneLine(message: string): string {
  const [paragraph = ''] = message.split(/\n\s*\n/)
  const lines = paragraph.split('\n').filter((line) => !/^\s+at .*:\d+\)?$/.test(line))
  return lines.map((line) => line.trim()).join(' ')
}

function describe({ text, location }: Message): string {
  if (!location) return inOneLine(text)
  return `${location.file}:${location.line}:${location.column + 1} ${text}`
}
