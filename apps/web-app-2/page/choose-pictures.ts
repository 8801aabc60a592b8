import { fromEvent } from 'file-selector'
import { find } from './document.ts'

/** Takes pictures from the two file dialogs, and pictures and folders that are dropped or pasted anywhere. */
export function onPictures(take: (files: File[]) => void): void {
  for (const id of ['files', 'folder']) {
    const input = find<HTMLInputElement>(id)
    input.addEventListener('change', () => {
      takePictures([...(input.files ?? [])])
      input.value = ''
    })
  }
  find('choose-folder').addEventListener('click', () => find('folder').click())
  const drop = find('drop')
  document.addEventListener('paste', ({ clipboardData }) => takePictures([...(clipboardData?.files ?? [])]))
  document.addEventListener('dragover', (event) => {
    event.preventDefault()
    drop.classList.add('over')
  })
  document.addEventListener('dragleave', ({ relatedTarget }) => {
    if (!relatedTarget) drop.classList.remove('over')
  })
  document.addEventListener('drop', async (event) => {
    event.preventDefault()
    drop.classList.remove('over')
    const files = await fromEvent(event).catch(() => [...(event.dataTransfer?.files ?? [])])
    takePictures(files.filter((file) => file instanceof File))
  })

  /** A folder has other files too. What was chosen by itself is sent, and the server says if it is no picture. */
  function takePictures(files: File[]): void {
    const pictures = files.filter((file) => !isInFolder(file) || file.type.startsWith('image/'))
    const others = files.length - pictures.length
    const left = others === 1 ? '1 file is' : `${others} files are`
    find('left-out').textContent = others > 0 ? `${left} not a picture and not sent.` : ''
    take(pictures)
  }
}

/** Browsers set the path for a chosen folder, and file-selector for a dropped one. */
function isInFolder(file: File): boolean {
  const { relativePath = '' } = file as { relativePath?: string }
  return (file.webkitRelativePath || relativePath.replace(/^\.?\//, '')).includes('/')
}
