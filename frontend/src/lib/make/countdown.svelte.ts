/** Whole seconds until a moment, counted down while somebody looks. */
export class Countdown {
  seconds = $state(0);

  /** Count to this moment; what it returns stops counting. */
  to(moment: number): () => void {
    const tell = (): void => {
      this.seconds = Math.max(0, Math.ceil((moment - Date.now()) / 1000));
      if (this.seconds === 0) clearInterval(timer);
    };
    const timer = setInterval(tell, 250);
    tell();
    return () => clearInterval(timer);
  }
}
