import { couldBePicture } from './drop';
import type { Box, MakeForm } from './form.svelte';

/** What reaches the page beside its boxes: drags, drops, pastes and Ctrl+Enter. */
export class PageInput {
  dragging = $state(false);
  private leaving: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly form: MakeForm) {}

  dragOver(event: DragEvent): void {
    event.preventDefault();
    this.dragging = couldBePicture(event.dataTransfer);
    // Some browsers never say that a drag has left the window; it only falls silent.
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => this.rest(), 400);
  }

  drop(event: DragEvent): void {
    event.preventDefault();
    if (couldBePicture(event.dataTransfer)) void this.form.receiveAnywhere(event.dataTransfer);
  }

  key(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.repeat) return;
    event.preventDefault();
    void this.form.start();
  }

  rest(): void {
    clearTimeout(this.leaving);
    this.dragging = false;
  }

  paste(event: ClipboardEvent): void {
    const box = boxOf(document.activeElement);
    const hasFile = (event.clipboardData?.files.length ?? 0) > 0;
    if (!hasFile && (!box || isTextField(event.target))) return;
    event.preventDefault();
    if (box) void this.form.receive(box, event.clipboardData, true);
    else void this.form.receiveAnywhere(event.clipboardData, true);
  }
}

function boxOf(element: Element | null): Box | null {
  const box = element?.closest<HTMLElement>('[data-box]')?.dataset['box'];
  return box === 'photo' || box === 'painting' ? box : null;
}

const isTextField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input[type="text"], input[type="password"], textarea');
