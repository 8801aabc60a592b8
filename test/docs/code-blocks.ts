import { readFile } from 'node:fs/promises'

/** The code blocks of one language in a Markdown file of this repository. */
export async function codeBlocks(file: string, language: string): Promise<string[]> {
  const text = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8')
  const blocks = text.matchAll(/^```(\w*)\n(.*?)^```$/gms)
  return [...blocks].filter(([, name]) => name === language).map(([, , code = '']) => code)
}
