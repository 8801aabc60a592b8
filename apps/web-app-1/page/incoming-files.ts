import { type FileWithPath, fromEvent } from 'file-selector'
import { element, showNotice } from './messages.tsx'

/** Accepts pictures from the file dialogs, dropped anywhere on the page, or pasted. */
export function acceptFiles(add: (files: File[]) => void): void {
  let isOwnDrag = false

  for (const [button, input] of [
    ['choose-pictures', 'pictures'],
    ['choose-folder', 'folder'],
  ] as const) {
    element(button).addEventListener('click', () => element(input).click())
    element<HTMLInputElement>(input).addEventListener('change', ({ target }) => {
      const { files } = target as HTMLInputElement
      accept([...(files ?? [])])
      ;(target as HTMLInputElement).value = ''
    })
  }

  addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])]
    if (files.length > 0) accept(files)
  })
  addEventListener('dragstart', () => {
    isOwnDrag = true
  })
  addEventListener('dragend', () => {
    isOwnDrag = false
    showTarget(false)
  })
  addEventListener('dragover', (event) => {
    if (isOwnDrag) return
    event.preventDefault()
    showTarget(true)
  })
  addEventListener('dragleave', ({ relatedTarget }) => relatedTarget ?? showTarget(false))
  addEventListener('drop', (event) => {
    event.preventDefault()
    showTarget(false)
    if (!isOwnDrag) void acceptDrop(event)
  })

  async function acceptDrop(event: DragEvent): Promise<void> {
    const url = pictureUrl(event.dataTransfer)
    const files = await droppedFiles(event)
    if (files.length > 0) accept(files)
    else if (url) await acceptUrl(url)
    else showNotice('There is no picture in what you dropped.')
  }

  async function acceptUrl(url: string): Promise<void> {
    const { host, pathname } = new URL(url)
    const from = host || 'the other page'
    showNotice(`Getting the picture from ${from} …`)
    try {
      const response = await fetch(url, { referrerPolicy: 'no-referrer', credentials: 'omit' })
      if (!response.ok) throw new Error(`${url} returned ${response.status}`)
      const blob = await response.blob()
      const name = decodeURIComponent(pathname.split('/').at(-1) ?? '')
      accept([new File([blob], host && name ? name : 'Picture', { type: blob.type })])
      showNotice(`The picture from ${from} was added.`)
    } catch {
      showNotice(`The picture could not be read from ${from}. Save it to this device, then add the file.`)
    }
  }

  /** A folder often has other files than pictures. They are not worth a frame each. */
  function accept(files: File[]): void {
    const pictures = files.filter((file) => !isInFolder(file) || maybePicture(file))
    const left = files.length - pictures.length
    if (left === 1) showNotice('1 file is not a picture and was left out.')
    else if (left > 1) showNotice(`${left} files are not pictures and were left out.`)
    if (pictures.length > 0) add(pictures)
    else if (left === 0) showNotice('There are no pictures in this folder.')
  }
}

function showTarget(isShown: boolean): void {
  element('drop-target').hidden = !isShown
}

/** Reads folders as well. If one of the items cannot be read, the browser's own list has at least the files. */
async function droppedFiles(event: DragEvent): Promise<File[]> {
  const files = [...(event.dataTransfer?.files ?? [])]
  try {
    return (await fromEvent(event)).filter((file) => file instanceof File)
  } catch {
    return files
  }
}

/** The address of a picture that was dragged from another page. A linked picture's own address is in the HTML. */
function pictureUrl(transfer: DataTransfer | null): string | undefined {
  const html = transfer?.getData('text/html')
  const source = html && new DOMParser().parseFromString(html, 'text/html').querySelector('img')?.src
  const url =
    source ||
    transfer
      ?.getData('text/uri-list')
      .split(/\r?\n/)
      .find((line) => line && !line.startsWith('#'))
  return url && /^(https?|data|blob):/.test(url) ? url : undefined
}

function isInFolder(file: File): boolean {
  const { relativePath = file.webkitRelativePath } = file as Partial<FileWithPath>
  return (relativePath ?? '').replace(/^\.?\//, '').includes('/')
}

/** A file without an extension can be anything; its bytes decide later. */
function maybePicture({ name, type }: File): boolean {
  return type.startsWith('image/') || (type === '' && !/^\.|\./.test(name))
}
