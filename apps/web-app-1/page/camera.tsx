import { useEffect, useRef, useState } from 'preact/hooks'
import { openDialog, useModal } from './modal.tsx'

const QUALITY = 0.92

/** Opens a dialog that takes a picture with the device's camera. */
export function openCamera(onPicture: (file: File) => void): void {
  openDialog((close) => <Camera onPicture={onPicture} onClose={close} />)
}

interface CameraProps {
  onPicture: (file: File) => void
  onClose: () => void
}

function Camera({ onPicture, onClose }: CameraProps) {
  const dialog = useModal()
  const video = useRef<HTMLVideoElement>(null)
  const [state, setState] = useState<'starting' | 'ready' | 'failed'>('starting')

  useEffect(() => {
    const camera = navigator.mediaDevices?.getUserMedia({ video: { facingMode: 'environment' } })
    const show = async () => {
      const stream = await camera
      if (video.current && stream) video.current.srcObject = stream
      else setState('failed')
    }
    show().catch(() => setState('failed'))
    return () => void camera?.then(stop, () => {})
  }, [])

  async function take() {
    if (video.current) onPicture(await pictureOf(video.current))
    dialog.current?.close()
  }

  return (
    <dialog ref={dialog} class="camera" aria-label="Camera" onClose={onClose}>
      {state === 'failed' ? (
        <p role="alert">The camera can’t be used. Allow it in the browser’s settings, or choose a picture.</p>
      ) : (
        <video ref={video} autoPlay playsInline muted onLoadedData={() => setState('ready')} />
      )}
      <p class="sources">
        {state !== 'failed' && (
          <button type="button" disabled={state !== 'ready'} onClick={take}>
            Take a picture
          </button>
        )}
        <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </p>
    </dialog>
  )
}

async function pictureOf(video: HTMLVideoElement): Promise<File> {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight)
  canvas.getContext('2d')?.drawImage(video, 0, 0)
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY })
  const time = new Date().toISOString().slice(0, 19).replace(/\D/g, '-')
  return new File([blob], `camera-${time}.jpg`, { type: blob.type })
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}
