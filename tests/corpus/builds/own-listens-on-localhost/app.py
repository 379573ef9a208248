import uvicorn
from fastapi import FastAPI
app = FastAPI()

@app.get("/health")
def health() -> dict[str, bool]:
    return {"ok": True}

if __name__ == "__main__":
    uvicorn.run(app, port=8000)
