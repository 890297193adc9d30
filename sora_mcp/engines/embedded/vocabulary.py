"""The words a director listens for: what each of them asks of the camera, the light, the scene.

A table is a text: per entry a name of ours and the words and phrases that ask for it, in the
singular; `language` reads it. Where several names are asked for, the first of the table wins.
Kanji stand for the same things in Japanese and Chinese prompts; emoji are read by their Unicode
names, which are English.
"""

SIZES = """
close: close-up, closeup, close up, extreme close, macro, detail of, face of, portrait, tight
    shot, insert shot
medium: medium shot, mid shot, medium close, medium, waist-up, over-the-shoulder, two-shot,
    cowboy shot
wide: wide, establishing, aerial, bird's-eye, birds-eye, bird's eye, drone shot, panorama,
    panoramic, long shot, full shot, vista, landscape shot, master shot, overhead
"""

MOVES = """
static: static, locked-off, locked off, tripod, still camera, fixed camera, no camera movement,
    stationary camera
track left: tracking left, tracks left, track left, trucks left, truck left
track right: tracking, tracks, track right, follow shot, following shot, camera follows,
    following, follows, side-scrolling, trucking, truck right, steadicam, drive-by, chase
pan left: pan left, pans left, panning left, pan to the left, pans to the left
pan right: pan, pans, panning, sweeping, sweeps across, whip pan
tilt down: tilt down, tilts down, tilting down
tilt up: tilt, tilts, tilting, tilt up, looks up
crane down: crane down, descends, descending, boom down, lowers
crane up: crane, crane up, boom up, jib, rises above, rising shot, pedestal up, ascending
dolly out: dolly out, dolly back, pull back, pulls back, pulling back, pull out, pulls out,
    tracks back
dolly in: dolly, dolly in, dollies, push in, pushes in, pushing in, push-in, moves closer,
    moving forward, moves forward, fly-through, flythrough, flies through, glides through, pov,
    first-person
zoom out: zoom out, zooms out, zooming out
zoom in: zoom, zooms, zooming, crash zoom
orbit: orbit, orbits, orbiting, arc shot, arcs around, circles around, 360
handheld: handheld, hand-held, shaky, documentary style, found footage
aerial: aerial, drone shot, drone footage, flyover, bird's-eye, birds-eye
"""

LIGHTS = """
spotlight: spotlight, spotlit, stage light, limelight, on stage, concert, theater, theatre,
    circus
candle: candlelight, candle-lit, candlelit, by candle, firelight, fireside, lamplight, cozy,
    cosy, hearth
neon: neon, cyberpunk, synthwave, vaporwave, holographic, night club, nightclub, blade runner
golden: golden hour, golden-hour, sunset, golden light, evening sun, late afternoon, magic hour,
    sun sets, setting sun, sun goes down, warm light, low sun, 夕, 黄昏
sunrise: sunrise, dawn, daybreak, morning, first light, sun rises, rising sun, 朝
dusk: dusk, twilight, blue hour, blue-hour, evening, nightfall
night: night, midnight, moonlight, moonlit, moon, starry, starlight, nocturnal, after dark,
    aurora, northern lights, 夜, 月, 星
storm: storm, stormy, thunderstorm, thunder, lightning, tempest, hurricane, dark clouds, gloomy,
    ominous, 嵐, 暴風
overcast: overcast, cloudy, grey sky, gray sky, foggy, fog, misty, mist, rainy, rain, drizzle,
    bleak, 雨, 霧, 雾
studio: studio light, softbox, white background, clean background, product shot, fluorescent
day: day, daylight, noon, midday, sunny, bright, blue sky, sunlight, sunlit, afternoon, 昼, 晴
"""

WEATHERS = """
clear: clear, cloudless, rain stops, rain has stopped, snow melts, fog lifts, mist lifts
rain: rain, rainy, raining, drizzle, downpour, storm, stormy, thunderstorm, hurricane, tempest,
    雨, 嵐
snow: snow, snowy, snow-covered, snowing, snowfall, snowflake, blizzard, falling snow,
    snowstorm, snows, snow falls, snow falling, begins to snow, starts to snow, winter, 雪
aurora: aurora, northern lights, polar lights
fog: fog, foggy, mist, misty, haze, hazy, 霧, 雾
dust: dust, dusty, sandstorm, dust motes, sunbeam, pollen
sparks: spark, ember, fire, campfire, bonfire, forge, welding, explosion, lava, volcano, dragon
fireflies: firefly, fireflies, glowworm, fairy, magical, magic, enchanted, whimsical, 蛍
leaves: falling leaves, autumn, fall foliage, leaves, windy, 秋
petals: petal, cherry blossom, blossom, sakura, spring, confetti, wedding, 桜
bubbles: bubble, underwater, coral, reef, fish, jellyfish, aquarium
"""

SETTINGS = """
underwater: underwater, under the sea, ocean floor, seabed, coral, reef, aquarium, deep sea,
    submarine, 海中, 海底
stage: stage, theater, theatre, concert hall, opera, ballet, auditorium, spotlight, circus, 舞台
lab: laboratory, lab, factory, workshop, spaceship interior, control room, server room,
    cleanroom, hospital, data center
street: street, alley, downtown, tokyo, shibuya, times square, market, sidewalk, crosswalk,
    avenue, chinatown, hong kong, shop, shopping, boulevard, town, village, 路地, 街
beach: beach, shore, seaside, coast, tropical, island, palm, surf, 浜
lake: lake, pond, river, waterfall, fjord, canal, swamp, 湖, 川
sea: sea, ocean, wave, harbor, harbour, marina, bay, 海, 波
road: road, highway, freeway, motorway, route 66, racetrack, roadside
desert: desert, dune, sahara, canyon, mesa, cactus, badlands, oasis, mars, wild west, western,
    savanna, safari, 砂漠
city: city, skyline, skyscraper, cityscape, metropolis, new york, manhattan, rooftop, urban,
    futuristic, dubai, 都市, 城市, 都会
forest: forest, woods, woodland, jungle, rainforest, trees, redwood, taiga, grove, bamboo, 森, 林
mountains: mountain, alps, alpine, peak, summit, glacier, himalaya, valley, snowy, snow, arctic,
    tundra, ski, volcano, everest, winter, 山, 雪
space: space, outer space, galaxy, nebula, orbit of, planet, cosmos, cosmic, asteroid, earth,
    saturn, jupiter, stars and, space station, universe, moon landing, lunar, 宇宙
clouds: above the clouds, in the sky, sky, cloudscape, among the clouds, flying through clouds,
    空, 雲
room: room, living room, kitchen, bedroom, office, cafe, café, coffee shop, library, apartment,
    interior, indoors, house interior, window, desk, table, sofa, couch, classroom, studio, bar,
    restaurant, museum, 部屋
garden: garden, flower bed, greenhouse, backyard, orchard, dew, macro, 庭
meadow: meadow, field, grass, hill, countryside, farm, park, prairie, pasture, plain, lawn, 草原,
    野
"""

FIGURES = """
cat: cat, kitten, kitty, feline, 猫, ねこ, ネコ
dog: dog, puppy, retriever, corgi, poodle, terrier, labrador, shiba, dachshund, 犬, 狗, いぬ
fox: fox, 狐
wolf: wolf, wolves, husky, coyote, 狼
horse: horse, pony, stallion, unicorn, zebra, donkey, 馬, 马
deer: deer, stag, elk, moose, reindeer, antelope, 鹿
bear: bear, panda, grizzly, 熊
elephant: elephant, mammoth, rhino, hippo, 象
butterfly: butterfly, butterflies, moth, dragonfly, bee, hummingbird, 蝶
jellyfish: jellyfish, octopus, squid
whale: whale, dolphin, shark, orca, manta, submarine, 鯨
fish: fish, goldfish, koi, clownfish, turtle, 魚, 鱼
bird: bird, eagle, hawk, seagull, gull, owl, parrot, crow, raven, dove, swan, crane bird, heron,
    flamingo, pelican, swallow, dragon, 鳥, 鸟
astronaut: astronaut, cosmonaut, spaceman, space suit, spacesuit, 宇航员
robot: robot, android, cyborg, droid, mech, ロボット, 机器人
dancer: dancer, ballerina, ballet, dancing, dances, dance
rider: bicycle, bike, cyclist, bicyclist, cycling, 自転車
car: car, coupe, coupé, sedan, taxi, cab, convertible, roadster, sports car, automobile, suv,
    jeep, van, vehicle, motorcycle, 車, 汽车
truck: truck, lorry, pickup, trailer
bus: bus, tram, streetcar, trolley, バス
train: train, locomotive, railway, railroad, 電車, 火車
rocket: rocket, missile, space shuttle, launch, ロケット, 火箭
saucer: ufo, flying saucer, spaceship, spacecraft, starship, alien, satellite, space station
plane: plane, airplane, aeroplane, airliner, jet, aircraft, 飛行機
balloon: hot air balloon, hot-air balloon, balloon, zeppelin, airship, 気球
drone: quadcopter, helicopter, chopper
ship: ship, steamer, cruise, ferry, freighter, liner, tanker, battleship
sailboat: sailboat, sailing, sailing boat, boat, yacht, canoe, kayak, pirate, regatta, schooner,
    船, 舟
lighthouse: lighthouse, beacon, 灯台
windmill: windmill, wind turbine
castle: castle, fortress, palace, tower, temple, cathedral, church, 城
house: house, cottage, cabin, hut, home, barn, farmhouse, inn, 家
piano: piano, grand piano, pianist, keyboard, organ, ピアノ, 钢琴
rose: rose, tulip, peony, camellia, 薔薇, バラ, 玫瑰
flower: flower, sunflower, daisy, daisies, lotus, lily, dandelion, orchid, bouquet, wildflower,
    花
cup: cup, coffee, tea, mug, espresso, latte, teapot, soup, 茶
candle: candle, 蝋燭
lantern: lantern, lamp, 提灯
campfire: campfire, bonfire, fire, fireplace
tree: tree, oak, willow, bonsai, baobab, 木, 樹
woman: woman, girl, lady, mother, grandmother, queen, princess, bride, actress, she, witch,
    businesswoman, 女
person: person, people, man, boy, guy, child, kid, someone, figure, hiker, traveler, traveller,
    father, king, grandfather, old man, worker, chef, musician, pianist, samurai, knight,
    wizard, soldier, runner, skier, surfer, farmer, detective, he, they, human, crowd, couple,
    friend, artist, scientist, doctor, 男, 人
orb: orb, sphere, crystal, planet, ball, globe, bubble, portal
"""

GRADES = """
monochrome: black and white, black-and-white, monochrome, noir, greyscale, grayscale
vintage: vintage, sepia, retro, 1920s, 1930s, 1950s, 1970s, super 8, 8mm, 16mm, old film,
    nostalgic, kodachrome
muted: muted, desaturated, bleak, gritty, washed-out, pastel, melancholy
vivid: vivid, vibrant, colorful, colourful, saturated, technicolor, psychedelic, anime, pixar,
    cartoon
"""

MOODS = """
tense: tense, thriller, suspense, ominous, storm, stormy, horror, scary, danger, dark, noir,
    chase, explosion
joyful: happy, joyful, playful, cheerful, sunny, fun, funny, dance, dancing, party, festival,
    celebration, whimsical, cartoon, puppy, kitten
wonder: space, galaxy, magical, magic, wonder, dream, dreamy, underwater, aurora, epic,
    majestic, cosmic, fantasy, ethereal
sad: sad, lonely, melancholy, rain, rainy, farewell, grief, alone, bleak, abandoned
"""

COATS = """
calico: calico, tortoiseshell
tabby: tabby, striped
tuxedo: tuxedo
"""

STILL = """
still: sit, sits, sitting, seated, stand, stands, standing, sleep, sleeps, sleeping, asleep,
    wait, waits, waiting, look, looks, looking, gaze, gazes, gazing, parked, play, plays,
    playing, reading, reads, posing, portrait, watches, watching, listens, smiles, rests,
    resting, lies, perched, motionless, stops, stares
"""
"""What is said of someone who stays where they are."""

COUNTS = """
1: one, single, lone, a
2: two, pair, couple, both
3: three, several, some, few
5: four, five, six, seven, many, flock, herd, school, fleet, swarm, dozen, group, hundreds,
    pack, crowd of
"""
"""How many there are."""

HUES = (
    "sky, light, glow, haze, palette, tone, hue, mist, lighting, sunset, tint, grading"
    ", color, colour, background"
)
"""A colour word before one of these colours the whole picture."""

HOMES = {
    "cat": "room",
    "dog": "meadow",
    "fox": "forest",
    "wolf": "forest",
    "horse": "meadow",
    "deer": "forest",
    "bear": "forest",
    "elephant": "desert",
    "butterfly": "garden",
    "jellyfish": "underwater",
    "whale": "underwater",
    "fish": "underwater",
    "bird": "clouds",
    "astronaut": "space",
    "robot": "lab",
    "dancer": "stage",
    "rider": "street",
    "car": "road",
    "truck": "road",
    "bus": "street",
    "train": "meadow",
    "rocket": "space",
    "saucer": "space",
    "plane": "clouds",
    "balloon": "mountains",
    "drone": "city",
    "ship": "sea",
    "sailboat": "sea",
    "lighthouse": "sea",
    "windmill": "meadow",
    "castle": "mountains",
    "house": "meadow",
    "piano": "stage",
    "rose": "garden",
    "flower": "garden",
    "cup": "room",
    "candle": "room",
    "lantern": "street",
    "campfire": "forest",
    "tree": "meadow",
    "woman": "meadow",
    "person": "meadow",
    "orb": "reverie",
}
"""Where a figure is when the prompt does not say."""

COLOURS = {
    "crimson": "b3122e",
    "scarlet": "d4262a",
    "red": "cf2e2e",
    "maroon": "7a1f2b",
    "orange": "f08127",
    "amber": "f0a02e",
    "golden": "d9a63a",
    "gold": "d9a63a",
    "yellow": "f2c832",
    "lime": "a4d43a",
    "emerald": "1fa06a",
    "olive": "7c8440",
    "green": "3f9a4a",
    "teal": "1a9a98",
    "turquoise": "35c4bd",
    "cyan": "2fc4e0",
    "azure": "3a93e0",
    "navy": "22386e",
    "blue": "2f6fd0",
    "indigo": "4338a8",
    "violet": "7b4fd0",
    "purple": "8440b8",
    "magenta": "d03aa4",
    "pink": "ec82ae",
    "brown": "7d5233",
    "beige": "d8c4a0",
    "cream": "efe6d0",
    "white": "eef0f2",
    "silver": "b9c0c8",
    "grey": "868c94",
    "gray": "868c94",
    "black": "25262b",
    "copper": "b8693a",
    "bronze": "a06e38",
    "ginger": "d9812f",
    "赤": "cf2e2e",
    "青": "2f6fd0",
    "白": "eef0f2",
    "黒": "25262b",
}

DIRECTIONS = """
camera, cinematography, lighting, light, style, lens, film, palette, color, colour, colors,
mood, audio, sound, music, dialogue, format, grade, grading, aspect ratio, duration, technical,
soundtrack, background sound, tone, negative prompt, framing, movement, shot type
"""
"""Labels whose lines are instructions ("Camera: slow dolly in"), not things to see."""
