import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { findIgnored, findPhotographs, reasonOf } from './photographs.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-photographs-'))
  for (const name of ['empty', 'mixed']) await mkdir(join(folder, name))
  for (const name of ['mixed/b.jpg', 'mixed/c\nd.jpg', 'mixed/🏔️.PNG', 'mixed/notes.txt'])
    await writeFile(join(folder, name), name)
  await symlink('nowhere.jpg', join(folder, 'mixed/a.jpg'))
})
afterAll(() => rm(folder, { recursive: true }))

test('a folder gives its images in order, and a broken link in it is reported', async () => {
  const found = await findPhotographs([join(folder, 'mixed')])
  expect(found.map(({ name }) => name)).toEqual(['a.jpg', 'b.jpg', 'c\nd.jpg', '🏔️.PNG'])
  expect(found.map(({ problem }) => problem)).toEqual([
    expect.stringMatching(/^The link is broken: nowhere\.jpg does not exist\. /),
    undefined,
    undefined,
    undefined,
  ])
})

test('files in a folder that are not named like images are known, and folders in it', async () => {
  const paths = ['mixed', 'mixed/b.jpg', 'empty', 'none'].map((path) => join(folder, path))
  const ignored = { files: ['notes.txt'], folders: [] }
  expect(await findIgnored(paths)).toEqual(ignored)
  expect(await findIgnored([...paths, ...paths])).toEqual(ignored)
  expect(await findIgnored([...paths, join(folder, 'mixed/notes.txt')])).toEqual({ files: [], folders: [] })
  expect(await findIgnored([folder, join(folder, 'empty')])).toMatchObject({ folders: ['mixed'] })
})

test('what is named twice is sent once', async () => {
  const paths = ['mixed', 'mixed/', 'mixed/b.jpg'].map((path) => join(folder, path))
  expect(await findPhotographs(paths)).toEqual(await findPhotographs([join(folder, 'mixed')]))
})

test.each([
  ['a path that does not exist', 'none.jpg', 'There is no such file. Check the path.'],
  ['a folder without images', 'empty', 'The folder has no JPEG,'],
])('%s is reported', async (_, path, problem) => {
  expect(await findPhotographs([join(folder, path)])).toEqual([
    { name: path, path: join(folder, path), problem: expect.stringContaining(problem) },
  ])
})

test('what is no regular file is not opened', async () => {
  expect(await findPhotographs(['/dev/null'])).toMatchObject([
    { problem: 'This is not a file. Leave it out.' },
  ])
})

test('the same file is sent once, by whatever name it is given', async () => {
  const link = join(folder, 'link.jpg')
  await symlink(join(folder, 'mixed/b.jpg'), link)
  const [first, second] = await findPhotographs([join(folder, 'mixed/b.jpg'), link])
  expect(first?.problem).toBeUndefined()
  expect(second?.problem).toContain('the same file as b.jpg')
})

test('a folder that cannot be read needs another permission than a file', () => {
  const error = Object.assign(new Error(), { code: 'EACCES' })
  expect(reasonOf(error)).toContain('The file cannot be read. Give yourself permission with chmod +r.')
  expect(reasonOf(error, 'folder')).toContain(
    'The folder cannot be read. Give yourself permission with chmod +rx.',
  )
})
