import { expect, test } from '@jest/globals'
import { startServices } from './start-services.ts'

test('a mistake in a file of a service is one line, without the output of its process', async () => {
  const lines: string[] = []
  const starting = startServices({
    services: ['upload-api'],
    environment: { HEIC_DECODER: `\${file(nowhere.yml):x}` },
    onLine: (_, line) => lines.push(line),
  })
  await expect(starting).rejects.toThrow(/^Cannot resolve serverless\.yml: .*HEIC_DECODER.*$/)
  expect(lines).toEqual([])
})
